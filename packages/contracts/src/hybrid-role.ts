import type { Statement } from "./policy.ts";

/** Where the role of appliances that are rung through SSM is. */
export interface HybridRolePlace {
  partition: string;
  region: string;
  account: string;
}

/** Who may take the role: machines that registered with SSM in this account and region. */
export function hybridRoleTrust({ partition, region, account }: HybridRolePlace) {
  return {
    service: "ssm.amazonaws.com",
    conditions: {
      StringEquals: { "aws:SourceAccount": account },
      ArnEquals: { "aws:SourceArn": `arn:${partition}:ssm:${region}:${account}:*` },
    },
  };
}

/**
 * What the SSM agent calls to take part in Run Command. AmazonSSMManagedInstanceCore is that and too much: with it a
 * customer's machine could read the account's parameters and open sessions (data channels).
 */
export function hybridRoleStatements({ partition, region, account }: HybridRolePlace): Statement[] {
  return [
    {
      actions: ["ssm:UpdateInstanceInformation"],
      resources: [`arn:${partition}:ssm:${region}:${account}:managed-instance/*`],
      why: "machines come and go",
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
      why: "neither service knows resources: a channel is of the machine that opens it",
    },
  ];
}
