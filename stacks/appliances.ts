import { Stack } from "aws-cdk-lib";
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnDocument } from "aws-cdk-lib/aws-ssm";
import { resourceNames, wakeDocument } from "@steward/contracts/names";
import type { Construct } from "constructs";
import { explainWildcards, type Rule, statementsOf } from "./explain.ts";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";

/** What appliances with the doorbell `ssm` need of AWS: a role to be rung by, and the one thing that may be run on them. */
export class AppliancesStack extends Stack {
  constructor(scope: Construct, id: string, { stage, env }: StageProps) {
    super(scope, id, { env, description: `Steward ${stage}: the doorbell of the appliances` });
    const names = resourceNames(stage);
    const role = new Role(this, "HybridRole", {
      roleName: names.hybridRole,
      description: "Of machines that registered with SSM: to be rung, and nothing else",
      assumedBy: new ServicePrincipal("ssm.amazonaws.com", {
        conditions: {
          StringEquals: { "aws:SourceAccount": env.account },
          ArnEquals: { "aws:SourceArn": this.formatArn({ service: "ssm", resource: "*" }) },
        },
      }),
      inlinePolicies: { doorbell: new PolicyDocument({ statements: statementsOf(this.doorbell()) }) },
    });
    explainWildcards(role, this.doorbell());
    publish(this, stage, "hybrid-role", role.roleName);
    publish(this, stage, "hybrid-role-arn", role.roleArn);

    const document = new CfnDocument(this, "Wake", {
      name: names.wakeDocument,
      documentType: "Command",
      documentFormat: "JSON",
      content: wakeDocument,
      // Replacing would need another name, and the name is what the dispatcher may send.
      updateMethod: "NewVersion",
    });
    publish(this, stage, "wake-document", document.ref);
  }

  /**
   * What the SSM agent calls to take part in Run Command. AmazonSSMManagedInstanceCore is that and too much: with it a
   * customer's machine could read the account's parameters and open sessions (data channels).
   */
  private doorbell(): Rule[] {
    return [
      {
        actions: ["ssm:UpdateInstanceInformation"],
        resources: [this.formatArn({ service: "ssm", resource: "managed-instance", resourceName: "*" })],
        why: "A machine's id is SSM's to choose, and all of them share the role",
      },
      {
        actions: [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:OpenControlChannel",
          "ec2messages:AcknowledgeMessage",
          "ec2messages:DeleteMessage",
          "ec2messages:FailMessage",
          "ec2messages:GetEndpoint",
          "ec2messages:GetMessages",
          "ec2messages:SendReply",
        ],
        resources: ["*"],
        why: "Neither service knows resources: a channel is of the machine that opens it",
      },
    ];
  }
}
