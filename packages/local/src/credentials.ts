import { localAccount } from "./account.ts";
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { resourceNames } from "@steward/contracts/names";
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

/** Random keys for every principal, new at each start, in one file that only this user can read. Answers the parts' keys. */
export function writeCredentials(
  file: string,
  stage: string,
  outsiders: readonly Outsider[] = [],
): Record<PrincipalName, Credential<PrincipalName>> {
  const grants = permissions(stage, localAccount);
  const parts = principalNames.map((principal) => credentialOf({ principal, grants: grants[principal] }));
  const owner: Outsider = {
    principal: "owner",
    grants: [{ actions: ["secretsmanager:PutSecretValue"], resources: [resourceNames(stage).anthropicSecret] }],
  };
  const all = [...parts, ...[owner, ...outsiders].map(credentialOf)];
  writeFileSync(`${file}.new`, JSON.stringify(all), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return Object.fromEntries(parts.map((one) => [one.principal, one])) as Record<
    PrincipalName,
    Credential<PrincipalName>
  >;
}

function credentialOf<Principal extends string>(who: { principal: Principal; grants: Grant[] }): Credential<Principal> {
  return {
    accessKeyId: `LOCAL${randomBytes(10).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64url"),
    ...who,
  };
}
