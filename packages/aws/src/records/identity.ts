import { createHash } from "node:crypto";
import type { IdentityState } from "@steward/core/tenant/tenant-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

type Name = Pick<IdentityState, "ownerTenantId" | "issuer" | "subject">;

/** Neither an address nor an id has a NUL: two different names never give one key. */
const keyOf = ({ ownerTenantId, issuer, subject }: Name) => {
  const hash = createHash("sha256").update(`${ownerTenantId}\0${issuer}\0${subject}`).digest("hex");
  return { pk: `SYS#IDENTITY#${hash}`, sk: "IDENTITY" };
};

/** An account is one person's: of two that bind it at once, one is told of the conflict. */
export const createIdentity = (state: IdentityState): Write =>
  createItem("identity", { ...keyOf(state), ...states.stateItem(state) });
export const replaceIdentity = (previous: IdentityState, next: IdentityState): Write =>
  states.replaceState("identity", { ...keyOf(next), ...states.stateItem(next) }, previous, next);

export async function getIdentity(table: Table, name: Name): Promise<IdentityState | undefined> {
  return states.readState(table, keyOf(name));
}
