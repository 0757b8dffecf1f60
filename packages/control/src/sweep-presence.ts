import { getSweepState } from "@steward/aws/records/sweep-state";
import { canonical } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { transition } from "@steward/core/node/health";
import { standingOf } from "@steward/core/fleet/standing";
import type { FleetCounts } from "@steward/core/fleet/summary";
import { announceIfDue, type FleetEvent, type NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import type { WithFleets } from "./fleet-store.ts";
import { inParallel } from "./in-parallel.ts";
import { keepHistory, saveFleets } from "./sweep-fleets.ts";
import { healthOfSwept, isExpected, isSilent, readShards, type SweptNode } from "./sweep-shards.ts";
import { keep, settleSilences, type Verdicts } from "./sweep-silences.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log"> &
  WithFleets & { sendNodeEvent: (event: NodeEvent | FleetEvent) => Promise<void> };

/** The function has 55 s; what it began it also ends. Announcing comes first, so it has the more time. */
const readingMs = 25_000;
const tellingMs = 33_000;
const announcingMs = 40_000;
const savingMs = 50_000;
const announcementsAtOnce = 16;

export interface Swept {
  /** Nodes that have beaten and are not shut out. */
  expected: number;
  /** Of those, the ones that are not silent. */
  online: number;
  /** Of those, the ones that do not manage to renew their certificate. (One that is off renews late, by itself.) */
  expiring: number;
  announced: number;
  /** Snapshots of large tenants that were written. */
  saved: number;
}

/**
 * Turns silent nodes `offline`, once each: by shard, never by scanning the table, and only if the node did not beat since
 * it was read. Where many are silent at once it holds them back and tells of all together (`core/fleet/silence.ts`). It
 * repairs announcements that a crash cut short, and keeps snapshots and history.
 */
export async function sweepPresence(deps: Deps, options: { snapshotAbove?: number } = {}): Promise<Swept> {
  const startedMs = performance.now();
  const before = await getSweepState(deps.table);
  const round = await readShards(deps, { firstShard: before.nextShard, untilMs: startedMs + readingMs });
  const { byTenant, isWhole } = round;
  const all = [...byTenant.values()].flat();
  const counts = count(deps, all);
  const untilMs = startedMs + announcingMs;

  const settled = await orNothing(settleSilences(deps, { before, round, untilMs: startedMs + tellingMs }));
  // Another sweep is at it and has found the same: it announces.
  if (settled === undefined) return { ...counts, announced: 0, saved: 0 };
  const announced = await announceAll(deps, { nodes: all, untilMs, ...settled });

  const savingUntilMs = startedMs + savingMs;
  const above = options.snapshotAbove === undefined ? {} : { above: options.snapshotAbove };
  const saved = isWhole ? await saveFleets(deps, { byTenant, untilMs: savingUntilMs, ...above }) : 0;
  const { state } = settled;
  const historyStepMs = isWhole
    ? await keepHistory(deps, { byTenant, sinceStepMs: state.historyStepMs, untilMs: savingUntilMs })
    : state.historyStepMs;
  const fleet = isWhole ? { atMs: deps.nowMs(), byKind: countByKind(all) } : state.fleet;
  // While nobody's health changes the step of the history writes it along: it is a few minutes old at most.
  const isNews = canonical(fleet?.byKind ?? null) !== canonical(state.fleet?.byKind ?? null);
  if (isNews || state.nextShard !== round.nextShard || state.historyStepMs !== historyStepMs) {
    const next = { ...state, nextShard: round.nextShard, historyStepMs, ...(fleet === undefined ? {} : { fleet }) };
    await orNothing(keep(deps, state, next));
  }
  return { ...counts, announced, saved };
}

/** Undefined where another sweep was first. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, "conflict")) return undefined;
    throw error;
  }
}

/** What is due, except for silent nodes that are held back. */
async function announceAll(
  deps: Deps,
  input: {
    nodes: readonly SweptNode[];
    verdicts: Verdicts;
    state: { ingest: { heardAgainAtMs?: number } };
    untilMs: number;
  },
): Promise<number> {
  const { heardAgainAtMs } = input.state.ingest;
  const due = input.nodes.filter((node) => {
    const change = transition(node.presence, node.readAtMs);
    if (change === undefined) return false;
    if (change.level !== "offline" || !isExpected(node)) return true;
    const isHeld = input.verdicts.get(node.presence.tenantId) === "hold";
    return !isHeld && standingOf(node.presence, node.readAtMs, heardAgainAtMs) === "silent";
  });
  let announced = 0;
  await inParallel(
    due,
    announcementsAtOnce,
    async (node) => {
      const change = transition(node.presence, node.readAtMs);
      if (change === undefined || !(await announceIfDue(deps, node.presence, node.readAtMs))) return;
      node.presence = { ...node.presence, announced: change };
      announced += 1;
    },
    input.untilMs,
  );
  return announced;
}

function countByKind(nodes: readonly SweptNode[]): FleetCounts["byKind"] {
  const counts = {
    appliance: { healthy: 0, warning: 0, critical: 0, offline: 0 },
    worker: { healthy: 0, warning: 0, critical: 0, offline: 0 },
  };
  for (const node of nodes) {
    if (!isExpected(node)) continue;
    counts[node.presence.nodeId.startsWith("wrk_") ? "worker" : "appliance"][healthOfSwept(node)] += 1;
  }
  return counts;
}

function count(deps: Deps, nodes: readonly SweptNode[]): Pick<Swept, "expected" | "online" | "expiring"> {
  const expected = nodes.filter(isExpected);
  const online = expected.filter((node) => !isSilent(node));
  const expiring = online.filter(({ presence, readAtMs }) => {
    const { expiresAtMs } = presence.certificate;
    return expiresAtMs !== undefined && expiresAtMs - readAtMs < defaults.certificateWarningSeconds * 1000;
  });
  for (const { presence } of expiring) {
    deps.log("warn", "certificate_expires", { nodeId: presence.nodeId, tenantId: presence.tenantId });
  }
  return { expected: expected.length, online: online.length, expiring: expiring.length };
}
