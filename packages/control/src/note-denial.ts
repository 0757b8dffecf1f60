import { setTimeout as pause } from "node:timers/promises";
import { countAudit } from "@steward/aws/records/audit";
import type { AuditEntry } from "@steward/contracts/audit";
import { derivedId, providerTenantId } from "@steward/contracts/ids";
import type { RoleGrant } from "@steward/contracts/roles";
import type { Context } from "./context.ts";

/** Somebody whose call was refused. */
export interface Denied {
  status: 401 | 403 | 404;
  /** Of the error: `forbidden`. */
  code: string;
  /** Which route. */
  route: string;
  requestId: string;
  /** Absent where nobody knows who called: there is a number of those, and no entry. */
  by?: { who: string; tenantId: string };
}

const minuteMs = 60_000;
/** The refusal waits for it no longer than this. */
const patienceMs = 400;

/**
 * Counts a denial: one entry of the trail for each principal, route, reason and minute, however many there are. It never
 * changes the answer and hardly delays it; what cannot be counted is told in the log.
 */
export async function noteDenial(
  deps: Pick<Context, "table" | "nowMs" | "log" | "meter">,
  denied: Denied,
): Promise<void> {
  deps.meter("Denials", 1, { Status: `${denied.status}` });
  const { by } = denied;
  if (by === undefined) return;
  const done = new AbortController();
  const told = (error: unknown) =>
    deps.log("warn", "denial_not_counted", {
      ...denied,
      error: error instanceof Error ? error.message : String(error),
    });
  const late = pause(patienceMs, undefined, { signal: done.signal, ref: false }).then(
    () => told("the table was too slow"),
    () => undefined,
  );
  const counted = count(deps, denied, by).catch(told);
  await Promise.race([counted, late]);
  done.abort();
}

async function count(
  { table, nowMs }: Pick<Context, "table" | "nowMs">,
  { code, route, requestId }: Denied,
  { who, tenantId }: NonNullable<Denied["by"]>,
): Promise<void> {
  const atMs = Math.floor(nowMs() / minuteMs) * minuteMs;
  const what = `denied-${code.replaceAll("_", "-")}`;
  const entry = (seed: string): AuditEntry => ({
    v: 1,
    tenantId,
    auditId: derivedId("audit", atMs, ["denied", who, tenantId, what, route, seed].join(" ")),
    atMs,
    who,
    what,
    record: route,
    requestId,
  });
  const closed = await countAudit(table, entry(""));
  if (closed === undefined) return;
  // This clock is slow: the minute is sealed already. The next of the same join this one, until that is sealed too.
  const again = await countAudit(table, entry(`late ${closed.closedAtMs}`));
  if (again !== undefined) throw new Error("the minute and its latecomers are sealed");
}

/** Whose trail a denial belongs to where the call is of no tenant: the caller's own; the provider's for its staff. */
export function homeOf(grants: readonly RoleGrant[]): string {
  return grants.find(({ tenant }) => tenant !== "*")?.tenant ?? providerTenantId;
}
