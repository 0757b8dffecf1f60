import { localAccount } from "./account.ts";
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { type Grant, permissions, type PrincipalName, principalNames } from "@steward/contracts/permissions";

/** Whoever runs the installation: what a person does on AWS with a role of their own. */
export type LocalPrincipal = PrincipalName | "owner";

interface Credential<Principal> {
  accessKeyId: string;
  secretAccessKey: string;
  principal: Principal;
  grants: Grant[];
}

/** What somebody may do who is no part of Steward, such as a test. */
export interface Outsider {
  principal: string;
  grants: Grant[];
}

/** Random keys for every principal, new at each start, in one file that only this user can read. */
export function writeCredentials(file: string, stage: string, outsiders: readonly Outsider[] = []): void {
  const grants = permissions(stage, localAccount);
  const parts = principalNames.map((principal) => credentialOf({ principal, grants: grants[principal] }));
  const owner: Outsider = {
    principal: "owner",
    grants: ownerGrants(stage),
  };
  const all = [...parts, ...[owner, ...outsiders].map(credentialOf)];
  writeFileSync(`${file}.new`, JSON.stringify(all), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** What the operator of a stage does with his own rights: secrets that only people know, and `steward keys`. */
function ownerGrants(stage: string): Grant[] {
  const names = resourceNames(stage);
  const { truststore, bundles } = bucketNames(stage, localAccount);
  const kms = (actions: string): Grant => ({
    actions: actions.split(" ").map((one) => `kms:${one}`),
    resources: ["*"],
  });
  return [
    { actions: ["secretsmanager:PutSecretValue"], resources: [names.anthropicSecret] },
    kms("CreateKey DescribeKey GetPublicKey GetKeyPolicy ListKeys ListAliases ListResourceTags TagResource"),
    kms("CreateAlias UpdateAlias DisableKey ScheduleKeyDeletion"),
    // A new CA signs its own certificate; nothing else is signed by a person.
    { actions: ["kms:Sign"], resources: [names.keyAlias("issuer")] },
    { actions: ["ssm:GetParameter", "ssm:PutParameter"], resources: [`${names.parameterFolder}/*`] },
    { actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], resources: [`${truststore}/*`] },
    { actions: ["s3:GetObject"], resources: [`${bundles}/releases/*`] },
    { actions: ["s3:ListBucket"], resources: [truststore, bundles] },
  ];
}

function credentialOf<Principal extends string>(who: { principal: Principal; grants: Grant[] }): Credential<Principal> {
  return {
    accessKeyId: `LOCAL${randomBytes(10).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64url"),
    ...who,
  };
}
