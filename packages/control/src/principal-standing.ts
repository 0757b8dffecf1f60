import { getPerson } from "@steward/aws/records/person";
import { getToken } from "@steward/aws/records/token";
import type { Table } from "@steward/aws/table";
import type { RoleGrant } from "@steward/contracts/roles";
import { grantsOf, tokenGrantsOf } from "@steward/core/principal/grants";
import type { PersonState, TokenState } from "@steward/core/tenant/tenant-state";

/** A person or a service token, as both are now. `person`: who it is, or who made the token. */
export interface Standing {
  name: string;
  person: PersonState;
  token?: TokenState;
  /** Nothing for whoever is disabled, revoked or ended. */
  grants: RoleGrant[];
}

export const isTokenId = (id: string): boolean => id.startsWith("tok_");

export async function standingOf(table: Table, id: string, nowMs: number): Promise<Standing | undefined> {
  if (!isTokenId(id)) {
    const person = await getPerson(table, id);
    return person === undefined ? undefined : { name: person.name, person, grants: grantsOf(person) };
  }
  const token = await getToken(table, id);
  const person = token === undefined ? undefined : await getPerson(table, token.createdBy);
  if (token === undefined || person === undefined) return undefined;
  return { name: token.name, person, token, grants: tokenGrantsOf(token, person, nowMs) };
}
