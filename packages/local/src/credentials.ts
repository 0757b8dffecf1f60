import { localAccount } from "./account.ts";
import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { type Grant, permissions, type PrincipalName, principalNames } from "@steward/contracts/permissions";

export interface Credential {
  accessKeyId: string;
  secretAccessKey: string;
  principal: PrincipalName;
  grants: Grant[];
}

/** Random keys for every principal, new at each start, in one file that only this user can read. */
export function writeCredentials(file: string, stage: string): Record<PrincipalName, Credential> {
  const grants = permissions(stage, localAccount);
  const credentials = principalNames.map((principal) => ({
    accessKeyId: `LOCAL${randomBytes(10).toString("hex").toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString("base64url"),
    principal,
    grants: grants[principal],
  }));
  writeFileSync(`${file}.new`, JSON.stringify(credentials), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return Object.fromEntries(credentials.map((one) => [one.principal, one])) as Record<PrincipalName, Credential>;
}
