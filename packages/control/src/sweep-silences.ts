import { putFleetSilence } from "@steward/aws/records/fleet-silence";
import { presenceShards } from "@steward/aws/records/presence";
import { putSweepState, type SweepState } from "@steward/aws/records/sweep-state";
import { commit } from "@steward/aws/table";
import { canonical } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { providerTenantId } from "@steward/contracts/ids";
import {
  type Announce,
  type Hearing,
  type IngestState,
  isOfSilence,
  judgeIngest,
  judgeSilence,
  leastNodes,
  type Silence,
  type StandingCounts,
} from "@steward/core/fleet/silence";
import { hasMissed, standingOf } from "@steward/core/fleet/standing";
import { intervalMsOf } from "@steward/core/node/health";
import type { FleetEvent, NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import { inParallel } from "./in-parallel.ts";
import { isExpected, type Round, type SweptNode } from "./sweep-shards.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log"> & {
  sendNodeEvent: (event: NodeEvent | FleetEvent) => Promise<void>;
};

const longestHoldMs = 300_000;
const sendsAtOnce = 16;
const allShards = Array.from({ length: presenceShards }, (_, shard) => shard);

/** What is done about each tenant's silent nodes. A tenant that is not there has none. */
export type Verdicts = ReadonlyMap<string, Announce>;

/** Whether anybody's heartbeats reach us, from the nodes that were not announced offline; `missed`: so many missed one. */
function hearingOf(nodes: Iterable<SweptNode>, downSinceMs: number | undefined): Hearing & { missed: number } {
  const hearing = { nodes: 0, missed: 0, rate: 0, missedRate: 0, heard: 0, quietSeconds: Number.POSITIVE_INFINITY };
  for (const node of nodes) {
    const { presence, readAtMs } = node;
    if (!isExpected(node) || presence.announced.level === "offline") continue;
    const rate = 1000 / intervalMsOf(presence);
    hearing.nodes += 1;
    hearing.rate += rate;
    if (hasMissed(presence, readAtMs)) {
      hearing.missed += 1;
      hearing.missedRate += rate;
    } else if (downSinceMs !== undefined && presence.lastSeenAtMs > downSinceMs) hearing.heard += 1;
    hearing.quietSeconds = Math.min(hearing.quietSeconds, Math.max(0, readAtMs - presence.lastSeenAtMs) / 1000);
  }
  return hearing;
}

/** Who is told that ingest is down: the provider, or the only tenant that there is. */
function ingestOf(
  before: SweepState["ingest"],
  { hearing, round, nowMs }: { hearing: Hearing; round: Round; nowMs: number },
): SweepState["ingest"] {
  // Nodes are in any shard by chance: half of them say as much as all; what says nothing of anybody changes nothing.
  const isTelling = round.isWhole || (2 * round.read.size >= presenceShards && hearing.nodes >= leastNodes);
  if (!isTelling) return before;
  const ingest: IngestState = judgeIngest(before, hearing, nowMs);
  if (ingest.downSinceMs === undefined) return ingest;
  const [only, another] = round.byTenant.keys();
  return { ...ingest, tenantId: before.tenantId ?? (another === undefined ? only : undefined) ?? providerTenantId };
}

/**
 * Judges every tenant, and has the tenants' records and `node-events` say it. In this order, so that a death anywhere loses
 * nothing: what was found is kept first, then told, and only then noted as told. A tenant that could not be told of keeps
 * the others from nothing: the next sweep goes on with it.
 */
export async function settleSilences(
  deps: Deps,
  input: { before: SweepState; round: Round; untilMs: number },
): Promise<{ state: SweepState; verdicts: Verdicts }> {
  const { before, round, untilMs } = input;
  const nowMs = deps.nowMs();
  const { found, verdicts } = judge(before, round, nowMs);
  const isTold = Object.values(found.silences).every(({ told }) => told);
  const isSame = canonical(found) === canonical(before);
  if (isSame && isTold && found.looks === undefined) return { state: before, verdicts };
  const kept = isSame ? before : await keep(deps, before, found);
  const { told, looks } = await tellAll(deps, { kept, round, nowMs, untilMs });
  const silences = Object.entries(kept.silences).flatMap(([tenantId, one]) => {
    if (!told.has(tenantId)) return [[tenantId, one] as const];
    return one.silence.phase === "ended" ? [] : [[tenantId, { ...one, told: true }] as const];
  });
  const next = withLooks({ ...kept, silences: Object.fromEntries(silences) }, looks);
  return { state: canonical(next) === canonical(kept) ? kept : await keep(deps, kept, next), verdicts };
}

function judge(
  before: SweepState,
  round: Round,
  nowMs: number,
): { found: SweepState; verdicts: Map<string, Announce> } {
  const { byTenant, isWhole } = round;
  const hearing = hearingOf([...byTenant.values()].flat(), before.ingest.downSinceMs);
  const ingest = ingestOf(before.ingest, { hearing, round, nowMs });
  const verdicts = new Map<string, Announce>();
  const silences: SweepState["silences"] = {};
  const looks = new Map(Object.entries(before.looks ?? {}));
  const toldTenant = ingest.downSinceMs === undefined ? [] : [ingest.tenantId ?? providerTenantId];
  for (const tenantId of new Set([...byTenant.keys(), ...Object.keys(before.silences), ...toldTenant])) {
    const expected = (byTenant.get(tenantId) ?? []).filter(isExpected);
    const known = before.silences[tenantId];
    // What could not be told of an end is told first.
    if (known?.silence.phase === "ended" && !known.told) {
      silences[tenantId] = known;
      if (!looks.has(tenantId)) looks.set(tenantId, allShards);
      continue;
    }
    const isToldOfIngest = ingest.downSinceMs !== undefined && tenantId === ingest.tenantId;
    const { announce, silence: judged } = judgeSilence({
      before: known?.silence,
      ...standingsOf(expected, { heardAgainAtMs: ingest.heardAgainAtMs, silence: known?.silence }),
      ingest: ingest.downSinceMs === undefined ? "works" : isToldOfIngest ? "down, told here" : "down",
      nowMs,
      isWhole,
    });
    if (announce !== "each") verdicts.set(tenantId, announce);
    if (judged === undefined) continue;
    // Of ingest itself everybody's are counted.
    const nodes = { nodes: Math.max(judged.nodes, hearing.missed), of: Math.max(judged.of, hearing.nodes) };
    const silence = isToldOfIngest ? { ...judged, ...nodes } : judged;
    // An alert says how many of how many: where it grew it is told once more.
    const isNews = known === undefined || silence.nodes > known.silence.nodes || silence.phase !== known.silence.phase;
    silences[tenantId] = { silence, told: silence.phase === "suspected" || (known?.told === true && !isNews) };
    if (silence.phase === "ended") looks.set(tenantId, allShards);
    // At its end everybody is looked at.
    if (silence.phase === "open") looks.delete(tenantId);
  }
  return { found: withLooks({ ...before, ingest, silences }, looks), verdicts };
}

function withLooks(state: SweepState, looks: ReadonlyMap<string, number[]>): SweepState {
  const { looks: _, ...rest } = state;
  return looks.size === 0 ? rest : { ...rest, looks: Object.fromEntries(looks) };
}

export async function keep(deps: Deps, before: SweepState, next: SweepState): Promise<SweepState> {
  const stored = { ...next, version: before.version + 1 };
  await commit(deps.table, [putSweepState(before, stored)]);
  return stored;
}

function standingsOf(
  nodes: readonly SweptNode[],
  { heardAgainAtMs, silence }: { heardAgainAtMs: number | undefined; silence: Silence | undefined },
) {
  const counts: StandingCounts = { fresh: 0, late: 0, silent: 0, offline: 0 };
  let holdMs = 0;
  for (const { presence, readAtMs } of nodes) {
    const standing = standingOf(presence, readAtMs, heardAgainAtMs);
    const isGone = standing === "silent" || standing === "offline";
    // Gone by itself, while many others are: it is told of by itself, and is none of them.
    const isApart = isGone && silence?.phase === "open" && !isOfSilence(silence, presence.lastSeenAtMs);
    counts[isApart ? "fresh" : standing] += 1;
    if (standing === "silent" || standing === "late") holdMs = Math.max(holdMs, intervalMsOf(presence));
  }
  return { counts, holdMs: Math.min(holdMs || defaults.heartbeatIntervalSeconds * 1000, longestHoldMs) };
}

/** Tells of every tenant for which the time suffices. Answers which were told of, and who is still to be looked at. */
async function tellAll(
  deps: Deps,
  { kept, round, nowMs, untilMs }: { kept: SweepState; round: Round; nowMs: number; untilMs: number },
): Promise<{ told: ReadonlySet<string>; looks: Map<string, number[]> }> {
  const told = new Set<string>();
  const looks = new Map(Object.entries(kept.looks ?? {}));
  const tenantIds = [...new Set([...Object.keys(kept.silences), ...looks.keys()])];
  const isDone = await inParallel(
    tenantIds,
    sendsAtOnce,
    async (tenantId) => {
      try {
        const one = kept.silences[tenantId];
        if (one !== undefined) await tell(deps, { tenantId, ...one, nowMs });
        told.add(tenantId);
        const left = await lookAgain(deps, { tenantId, shards: looks.get(tenantId) ?? [], round, untilMs });
        if (left.length === 0) looks.delete(tenantId);
        else looks.set(tenantId, left);
      } catch (error) {
        deps.log("error", "silence_not_told", { tenantId, error: String(error) });
      }
    },
    untilMs,
  );
  if (!isDone) deps.log("warn", "silences_not_told", { told: told.size, of: tenantIds.length });
  return { told, looks };
}

/** Throws where a message could not be sent: it is told again by the next sweep. */
async function tell(
  deps: Deps,
  input: { tenantId: string; silence: Silence; told: boolean; nowMs: number },
): Promise<void> {
  const { tenantId, silence, told, nowMs } = input;
  if (silence.phase === "suspected") return;
  await putFleetSilence(deps.table, { tenantId, silence, lookedAtMs: nowMs });
  if (told) return;
  deps.log("info", "fleet_silence", { tenantId, ...silence });
  await deps.sendNodeEvent({ tenantId, fleet: "silence" });
}

/**
 * Who is still gone after a silence has an alert of its own from then on: each is looked at once more. Answers the shards
 * of which not all could be told, or that this sweep could not read.
 */
async function lookAgain(
  deps: Deps,
  input: { tenantId: string; shards: readonly number[]; round: Round; untilMs: number },
): Promise<number[]> {
  const { tenantId, shards, round, untilMs } = input;
  if (shards.length === 0) return [];
  const gone = (round.byTenant.get(tenantId) ?? []).filter(
    (node) => isExpected(node) && node.presence.announced.level === "offline",
  );
  const byShard = Map.groupBy(gone, ({ shard }) => shard);
  const left = new Set(shards);
  const readable = shards.filter((shard) => round.read.has(shard));
  try {
    await inParallel(
      readable,
      sendsAtOnce,
      async (shard) => {
        for (const { presence } of byShard.get(shard) ?? []) {
          const { nodeId, announced } = presence;
          await deps.sendNodeEvent({ tenantId, nodeId, ...announced });
        }
        left.delete(shard);
      },
      untilMs,
    );
  } catch (error) {
    deps.log("error", "silent_nodes_not_told", { tenantId, error: String(error) });
  }
  return [...left];
}
