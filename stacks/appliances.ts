import { Stack } from "aws-cdk-lib";
import { PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnDocument } from "aws-cdk-lib/aws-ssm";
import { hybridRoleStatements, hybridRoleTrust } from "@steward/contracts/hybrid-role";
import { resourceNames, wakeDocument } from "@steward/contracts/names";
import type { Construct } from "constructs";
import { explainWildcards, statementsOf } from "./explain.ts";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";

/** What appliances with the doorbell `ssm` need of AWS: a role to be rung by, and the one thing that may be run on them. */
export class AppliancesStack extends Stack {
  constructor(scope: Construct, id: string, { stage, env }: StageProps) {
    super(scope, id, { env, description: `Steward ${stage}: the doorbell of the appliances` });
    const names = resourceNames(stage);
    const place = { partition: this.partition, ...env };
    const trust = hybridRoleTrust(place);
    const rules = hybridRoleStatements(place);
    const role = new Role(this, "HybridRole", {
      roleName: names.hybridRole,
      description: "Of machines that registered with SSM: to be rung, and nothing else",
      assumedBy: new ServicePrincipal(trust.service, { conditions: trust.conditions }),
      inlinePolicies: { doorbell: new PolicyDocument({ statements: statementsOf(rules) }) },
    });
    explainWildcards(role, rules);
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
}
