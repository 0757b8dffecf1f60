import { createFreeze as createFreezeRecord, getFreeze, replaceFreeze } from "@steward/aws/records/freeze";
import { gateChanged } from "@steward/aws/records/gate-epoch";
import { listTasks } from "@steward/aws/records/task";
import { listTenants } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { createFreezeSchema, freezeViewSchema } from "@steward/contracts/session";
import { isStaffAdmin } from "@steward/core/principal/grants";
import type { FreezeState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { freezesInForce } from "./gate-context.ts";
import { inParallel } from "./in-parallel.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { sendAfterCommit } from "./send-later.ts";

type View = z.infer<typeof freezeViewSchema>;

/** Lets nothing new start: in the tenant, or everywhere (the provider's staff only). What runs goes on. */
export async function createFreeze(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  body: z.infer<typeof createFreezeSchema>,
  repeatable?: Repeatable,
): Promise<View> {
  const nowMs = deps.nowMs();
  const untilMs = Date.parse(body.until);
  if (untilMs <= nowMs) {
    throw new AppError("unprocessable", "a freeze must end in the future", {
      fields: [{ path: "until", message: "must be later than now" }],
    });
  }
  if (body.scope === "everything") requireStaff(caller);
  const freeze: FreezeState = {
    v: 1,
    version: 1,
    freezeId: repeatable?.idOf("freeze") ?? newId("freeze", nowMs),
    reason: body.reason,
    untilMs,
    createdBy: caller.principal.id,
    createdAtMs: nowMs,
    ...(body.scope === "tenant" ? { tenantId: caller.tenantId } : {}),
  };
  const writes = [
    createFreezeRecord(freeze),
    ...gateChanged(freeze.tenantId),
    audit(nowMs, caller, "create-freeze", undefined, freeze),
  ];
  try {
    await inScopeOf(freeze, () => commit(deps.table, writes));
  } catch (error) {
    // An earlier try of this request made it, and was killed before it could say so.
    const made = hasCode(error, "conflict") ? await getFreeze(deps.table, freeze.freezeId, freeze.tenantId) : undefined;
    if (made === undefined) throw error;
    return view(made);
  }
  return view(freeze);
}

export async function listFreezes(deps: Pick<Context, "table" | "nowMs">, caller: Caller): Promise<{ items: View[] }> {
  return { items: (await freezesInForce(deps, caller.tenantId)).map(view) };
}

/** Ends a freeze and lets what it held go on at once. Ending it again changes nothing. */
export async function endFreeze(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log">,
  caller: Caller,
  params: { freezeId: string },
): Promise<void> {
  const ended = await retryOnConflict(async () => {
    const freeze =
      (await getFreeze(deps.table, params.freezeId, caller.tenantId)) ??
      (await getFreeze(deps.table, params.freezeId, undefined));
    if (freeze === undefined) throw new AppError("not_found", `there is no freeze ${params.freezeId}`);
    if (freeze.tenantId === undefined) requireStaff(caller);
    if (freeze.endedAtMs !== undefined) return undefined;
    const nowMs = deps.nowMs();
    const ended: FreezeState = { ...freeze, version: freeze.version + 1, endedAtMs: nowMs };
    const writes = [replaceFreeze(freeze, ended), audit(nowMs, caller, "end-freeze", freeze, ended)];
    await inScopeOf(freeze, () => commit(deps.table, writes));
    return ended;
  });
  if (ended !== undefined) await inScopeOf(ended, () => wakeRollouts(deps, ended.tenantId));
}

/** A freeze of everything is the provider's (`requireStaff`), and no one tenant's. */
function inScopeOf<T>(freeze: FreezeState, work: () => T): T {
  return freeze.tenantId === undefined ? actForSystem("a freeze of everything", work) : work();
}

const pageSize = 50;
const atOnce = 8;

/** What was held goes on now and not when it is next looked at. Only as a courtesy: the reconciler looks at every rollout. */
export async function wakeRollouts(
  deps: Pick<Context, "table" | "queues" | "log">,
  heldTenant: string | undefined,
): Promise<void> {
  try {
    const tenantIds =
      heldTenant === undefined ? (await listTenants(deps.table)).map(({ tenantId }) => tenantId) : [heldTenant];
    for (const tenantId of tenantIds) {
      let after: string | undefined;
      do {
        const request = { status: "running" as const, limit: pageSize, ...(after === undefined ? {} : { after }) };
        const page = await listTasks(deps.table, tenantId, request);
        const rolloutIds = page.items.flatMap(({ rolloutId }) => rolloutId ?? []);
        await inParallel(rolloutIds, atOnce, (rolloutId) =>
          sendAfterCommit(deps, "rollouts", { tenantId, rolloutId }, tenantId),
        );
        after = page.after;
      } while (after !== undefined);
    }
  } catch (error) {
    deps.log("warn", "wake_rollouts_failed", { error: String(error) });
  }
}

function requireStaff(caller: Caller): void {
  if (!isStaffAdmin(caller.principal.grants)) {
    throw new AppError("forbidden", "only the provider's admins may freeze or thaw everything");
  }
}

function audit(nowMs: number, caller: Caller, what: string, before: FreezeState | undefined, after: FreezeState) {
  return audited(nowMs, {
    tenantId: caller.tenantId,
    who: caller.principal.id,
    what,
    record: after.freezeId,
    before,
    after,
    requestId: caller.requestId,
  });
}

function view(freeze: FreezeState): View {
  return {
    id: freeze.freezeId,
    scope: freeze.tenantId === undefined ? "everything" : "tenant",
    reason: freeze.reason,
    until: new Date(freeze.untilMs).toISOString(),
    createdBy: freeze.createdBy,
    ...(freeze.tenantId === undefined ? {} : { tenantId: freeze.tenantId }),
  };
}
