import type { FreezeState } from "@steward/core/tenant/tenant-state";
import { Entity } from "electrodb";
import { queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const freeze = new Entity({
  model: states.model("freeze"),
  attributes: {
    /** `T#<tenant>`, or `SYS` for what stops everybody. */
    scope: { type: "string", required: true },
    freezeId: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["scope"], template: "${scope}#FREEZE" },
      { composite: ["freezeId"], template: "${freezeId}" },
    ),
    due: states.dueIndex,
  },
});

const scopeOf = (tenantId: string | undefined) => (tenantId === undefined ? "SYS" : `T#${tenantId}`);

const put = (state: FreezeState) =>
  freeze.put({
    scope: scopeOf(state.tenantId),
    freezeId: state.freezeId,
    ...states.stateItem(state, { type: "freeze", tenantId: state.tenantId ?? "-", id: state.freezeId }),
  });

export const createFreeze = (state: FreezeState): Write => states.createState("freeze", put(state));
export const replaceFreeze = (previous: FreezeState, next: FreezeState): Write =>
  states.replaceState("freeze", put(next), previous, next);

/** `tenantId` undefined: a freeze of everything. */
export async function getFreeze(
  table: Table,
  freezeId: string,
  tenantId: string | undefined,
): Promise<FreezeState | undefined> {
  return states.readState(table, freeze.get({ scope: scopeOf(tenantId), freezeId }));
}

/**
 * The tenant's freezes and those of everything that nobody has ended; the caller compares `untilMs`. `tenantId`
 * undefined: only those of everything. Strongly consistent: a freeze holds from the moment that it was answered.
 */
export async function listActiveFreezes(table: Table, tenantId: string | undefined): Promise<FreezeState[]> {
  const scopes = tenantId === undefined ? ["SYS"] : ["SYS", scopeOf(tenantId)];
  const found = await Promise.all(
    scopes.map((scope) => queryItems(table, states.queryOf(freeze.query.primary({ scope }), { consistent: true }))),
  );
  return found
    .flatMap(({ items }) => items.map((item) => states.stateOf<FreezeState>(item)))
    .filter((state) => state.endedAtMs === undefined);
}
