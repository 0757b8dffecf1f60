import { AccountRootPrincipal, AnyPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { StageProps } from "./stage-props.ts";

/**
 * What IAM may let somebody of the account do to a key. Using it is not among that, nor handing its use on (a grant):
 * whoever wants to has to change the policy first, and that is seen.
 */
export function administration(): PolicyStatement {
  const verbs = [
    "CreateAlias",
    "Describe*",
    "Enable*",
    "List*",
    "Put*",
    "Update*",
    "Revoke*",
    "Disable*",
    "Get*",
    "Delete*",
  ];
  const others = ["TagResource", "UntagResource", "ScheduleKeyDeletion", "CancelKeyDeletion", "RotateKeyOnDemand"];
  return new PolicyStatement({
    sid: "Administration",
    principals: [new AccountRootPrincipal()],
    actions: [...verbs, ...others].map((action) => `kms:${action}`),
    resources: ["*"],
  });
}

/**
 * Whoever of the account may use the table, the bucket or the secret may use its key through that service, and not
 * otherwise: the roles need no right to the key, and nobody can decrypt a copy with it.
 */
export function throughServices({ account, region }: StageProps["env"], services: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: "ThroughServices",
    principals: [new AnyPrincipal()],
    actions: [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:CreateGrant",
      "kms:DescribeKey",
    ],
    resources: ["*"],
    conditions: {
      StringEquals: {
        "kms:CallerAccount": account,
        "kms:ViaService": services.map((service) => `${service}.${region}.amazonaws.com`),
      },
    },
  });
}
