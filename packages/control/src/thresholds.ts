import { createAlerting, getAlerting, replaceAlerting } from "@steward/aws/records/alerting";
import { listNodes, replaceNode } from "@steward/aws/records/node";
import { setDirective } from "@steward/aws/records/presence";
import { commit, type Write } from "@steward/aws/table";
import { canonical } from "@steward/contracts/canonical";
import { defaultThresholds } from "@steward/contracts/defaults";
import type { AlertingView, NodeThresholdsView, ThresholdsGiven } from "@steward/contracts/thresholds";
import { type AlertingState, thresholdsInForce } from "@steward/core/alert/alerting-state";
import type { NodeState, Thresholds } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { inParallel } from "./in-parallel.ts";
import { presencesOf } from "./presences-of.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadNode } from "./revoke-node.ts";

type Deps = Pick<Context, "table" | "nowMs">;

export async function getThresholds(deps: Deps, caller: Caller): Promise<AlertingView> {
  return view(await getAlerting(deps.table, caller.tenantId));
}

/**
 * Replaces what the tenant's nodes are judged by. A node's own stays. Each node's heartbeat finds its thresholds in its own
 * record, so they are written into all of them: within a minute, by the reconciler (`spreadThresholds`).
 */
export async function putThresholds(
  deps: Deps,
  caller: Caller,
  body: { thresholds: ThresholdsGiven; escalateAfterMinutes?: number | undefined },
): Promise<AlertingView> {
  return retryOnConflict(async () => {
    const before = await getAlerting(deps.table, caller.tenantId);
    const nowMs = deps.nowMs();
    const after: AlertingState = {
      v: 1,
      version: (before?.version ?? 0) + 1,
      tenantId: caller.tenantId,
      thresholds: given(body.thresholds),
      ...(body.escalateAfterMinutes === undefined ? {} : { escalateAfterMinutes: body.escalateAfterMinutes }),
      updatedAtMs: nowMs,
      updatedBy: { id: caller.principal.id, name: caller.principal.name },
      dueAtMs: nowMs,
    };
    await commit(deps.table, [
      before === undefined ? createAlerting(after) : replaceAlerting(before, after),
      audited(nowMs, {
        tenantId: caller.tenantId,
        who: caller.principal.id,
        what: "put-thresholds",
        record: caller.tenantId,
        before,
        after,
        requestId: caller.requestId,
      }),
    ]);
    return view(after);
  });
}

export async function getNodeThresholds(
  deps: Deps,
  caller: Caller,
  params: { nodeId: string },
): Promise<NodeThresholdsView> {
  const [node, alerting] = await Promise.all([
    loadNode(deps, caller.tenantId, params.nodeId),
    getAlerting(deps.table, caller.tenantId),
  ]);
  return { thresholds: plain(node.thresholds ?? {}), inForce: whole(thresholdsInForce(alerting, node)) };
}

/** Its next heartbeat is judged by them. */
export async function putNodeThresholds(
  deps: Deps,
  caller: Caller,
  params: { nodeId: string },
  body: ThresholdsGiven,
): Promise<NodeThresholdsView> {
  return retryOnConflict(async () => {
    const [before, alerting] = await Promise.all([
      loadNode(deps, caller.tenantId, params.nodeId),
      getAlerting(deps.table, caller.tenantId),
    ]);
    const nowMs = deps.nowMs();
    const after: NodeState = { ...before, version: before.version + 1, thresholds: given(body), updatedAtMs: nowMs };
    await commit(deps.table, [
      replaceNode(before, after),
      // Who dies before the next line leaves it to the reconciler.
      lookAgain(alerting, caller.tenantId, nowMs),
      audited(nowMs, {
        tenantId: caller.tenantId,
        who: caller.principal.id,
        what: "put-node-thresholds",
        record: after.nodeId,
        before,
        after,
        requestId: caller.requestId,
      }),
    ]);
    await setDirective(deps.table, after.nodeId, { thresholds: thresholdsInForce(alerting, after) });
    return { thresholds: plain(after.thresholds ?? {}), inForce: whole(thresholdsInForce(alerting, after)) };
  });
}

function lookAgain(before: AlertingState | undefined, tenantId: string, nowMs: number): Write {
  // Never later than it is due already: whoever sets one node after the other keeps nobody else waiting.
  const dueAtMs = Math.min(before?.dueAtMs ?? Number.POSITIVE_INFINITY, nowMs + 60_000);
  if (before !== undefined) return replaceAlerting(before, { ...before, version: before.version + 1, dueAtMs });
  return createAlerting({ v: 1, version: 1, tenantId, thresholds: {}, dueAtMs });
}

const pageSize = 100;
const writesAtOnce = 16;

/**
 * Brings a tenant's thresholds into the records of its nodes. Due until all have them; only those that differ are written,
 * so whoever comes after one that died goes on where that one was. Answers whether it came to the end.
 */
export async function spreadThresholds(
  deps: Deps,
  { tenantId, untilMs }: { tenantId: string; untilMs: number },
): Promise<boolean> {
  const alerting = await getAlerting(deps.table, tenantId);
  if (alerting?.dueAtMs === undefined || alerting.dueAtMs > deps.nowMs()) return true;
  let after: string | undefined;
  do {
    const page = await listNodes(deps.table, tenantId, { limit: pageSize, ...(after === undefined ? {} : { after }) });
    const presences = await presencesOf(deps, page.items);
    const different = page.items.flatMap((node) => {
      const presence = presences.get(node.nodeId);
      if (presence === undefined) return [];
      const thresholds = thresholdsInForce(alerting, node);
      const same = canonical({ ...defaultThresholds, ...presence.directive.thresholds }) === canonical(thresholds);
      return same ? [] : [{ nodeId: node.nodeId, thresholds }];
    });
    const all = await inParallel(
      different,
      writesAtOnce,
      async ({ nodeId, thresholds }) => {
        await setDirective(deps.table, nodeId, { thresholds });
      },
      untilMs,
    );
    if (!all) return false;
    after = page.after;
  } while (after !== undefined);
  const { dueAtMs: _done, ...rest } = alerting;
  await commit(deps.table, [replaceAlerting(alerting, { ...rest, version: alerting.version + 1 })]);
  return true;
}

/** Without the names that were not given. */
function given(thresholds: ThresholdsGiven): Partial<Thresholds> {
  return Object.fromEntries(Object.entries(thresholds).filter(([, pair]) => pair !== undefined));
}

type Pair = [number, number];
const copy = ([warning, critical]: readonly [number, number]): Pair => [warning, critical];

function plain(thresholds: Partial<Thresholds>): ThresholdsGiven {
  return Object.fromEntries(Object.entries(thresholds).map(([name, pair]) => [name, copy(pair)]));
}

function whole({ cpuPercent, memoryPercent, diskPercent, loadAverage1m }: Thresholds) {
  return {
    cpuPercent: copy(cpuPercent),
    memoryPercent: copy(memoryPercent),
    diskPercent: copy(diskPercent),
    loadAverage1m: copy(loadAverage1m),
  };
}

function view(state: AlertingState | undefined): AlertingView {
  return {
    thresholds: plain(state?.thresholds ?? {}),
    inForce: whole(thresholdsInForce(state, {})),
    ...(state?.escalateAfterMinutes === undefined ? {} : { escalateAfterMinutes: state.escalateAfterMinutes }),
    ...(state?.updatedAtMs === undefined ? {} : { updatedAt: new Date(state.updatedAtMs).toISOString() }),
    ...(state?.updatedBy === undefined ? {} : { updatedBy: state.updatedBy }),
  };
}
