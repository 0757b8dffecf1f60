import { putFleetSilence } from "@steward/aws/records/fleet-silence";
import { putSweepState, type SweepState } from "@steward/aws/records/sweep-state";
import { commit } from "@steward/aws/table";
import { canonical } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { providerTenantId } from "@steward/contracts/ids";
import {
  type Announce,
  type Hearing,
  type IngestState,
  judgeIngest,
  judgeSilence,
  type StandingCounts,
} from "@steward/core/fleet/silence";
import { hasMissed, intervalMsOf, standingOf } from "@steward/core/fleet/standing";
import type { FleetEvent, NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import { inParallel } from "./in-parallel.ts";
import { isExpected, type SweptNode } from "./sweep-shards.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log"> & {
  sendNodeEvent: (event: NodeEvent | FleetEvent) => Promise<void>;
};

const longestHoldMs = 300_000;
const sendsAtOnce = 16;

/** What is done about each tenant's silent nodes. A tenant that is not there has none. */
export type Verdicts = ReadonlyMap<string, Announce>;

/** Whether anybody's heartbeats reach us, from the nodes that were not announced offline; `missed`: so many missed one. */
function hearingOf(nodes: Iterable<SweptNode>): Hearing & { missed: number } {
  const hearing = { nodes: 0, missed: 0, rate: 0, missedRate: 0, quietSeconds: Number.POSITIVE_INFINITY };
  for (const node of nodes) {
    const { presence, readAtMs } = node;
    if (!isExpected(node) || presence.announced.level === "offline") continue;
    const rate = 1000 / intervalMsOf(presence);
    hearing.nodes += 1;
    hearing.rate += rate;
    if (hasMissed(presence, readAtMs)) {
      hearing.missed += 1;
      hearing.missedRate += rate;
    }
    hearing.quietSeconds = Math.min(hearing.quietSeconds, Math.max(0, readAtMs - presence.lastSeenAtMs) / 1000);
  }
  return hearing;
}

/** Who is told that ingest is down: the provider, or the only tenant that there is. */
function ingestOf(
  before: SweepState["ingest"],
  { hearing, byTenant, nowMs }: { hearing: Hearing; byTenant: ReadonlyMap<string, SweptNode[]>; nowMs: number },
): SweepState["ingest"] {
  const ingest: IngestState = judgeIngest(before, hearing, nowMs);
  if (ingest.downSinceMs === undefined) return ingest;
  const [only, another] = byTenant.keys();
  return { ...ingest, tenantId: before.tenantId ?? (another === undefined ? only : undefined) ?? providerTenantId };
}

/**
 * Judges every tenant, and has the tenants' records and `node-events` say it. In this order, so that a death anywhere loses
 * nothing: what was found is kept first, then told, and only then noted as told.
 */
export async function settleSilences(
  deps: Deps,
  input: { before: SweepState; byTenant: ReadonlyMap<string, SweptNode[]>; untilMs: number },
): Promise<{ state: SweepState; verdicts: Verdicts }> {
  const { before, byTenant, untilMs } = input;
  const nowMs = deps.nowMs();
  const hearing = hearingOf([...byTenant.values()].flat());
  const ingest = ingestOf(before.ingest, { hearing, byTenant, nowMs });
  const verdicts = new Map<string, Announce>();
  const silences: SweepState["silences"] = {};
  const toldTenant = ingest.downSinceMs === undefined ? [] : [ingest.tenantId ?? providerTenantId];
  for (const tenantId of new Set([...byTenant.keys(), ...Object.keys(before.silences), ...toldTenant])) {
    const expected = (byTenant.get(tenantId) ?? []).filter(isExpected);
    const known = before.silences[tenantId];
    // What could not be told of an end is told first.
    if (known?.silence.phase === "ended" && !known.told) {
      silences[tenantId] = known;
      continue;
    }
    const isToldOfIngest = ingest.downSinceMs !== undefined && tenantId === ingest.tenantId;
    const { announce, silence: judged } = judgeSilence({
      before: known?.silence,
      ...standingsOf(expected, ingest.heardAgainAtMs),
      ingest: ingest.downSinceMs === undefined ? "works" : isToldOfIngest ? "down, told here" : "down",
      nowMs,
    });
    if (announce !== "each") verdicts.set(tenantId, announce);
    if (judged === undefined) continue;
    // Of ingest itself everybody's are counted.
    const nodes = { nodes: Math.max(judged.nodes, hearing.missed), of: Math.max(judged.of, hearing.nodes) };
    const silence = isToldOfIngest ? { ...judged, ...nodes } : judged;
    const told = silence.phase === "suspected" || (known?.told === true && known.silence.phase === silence.phase);
    silences[tenantId] = { silence, told };
  }
  const found: SweepState = { ...before, ingest, silences };
  const isTold = Object.values(silences).every(({ told }) => told);
  const isSame = canonical(found) === canonical(before);
  if (isSame && isTold) return { state: before, verdicts };
  const kept = isSame ? before : await keep(deps, before, found);
  await inParallel(
    Object.entries(kept.silences),
    sendsAtOnce,
    ([tenantId, { silence, told }]) =>
      tell(deps, { tenantId, silence, told, nodes: byTenant.get(tenantId) ?? [], nowMs, untilMs }),
    untilMs,
  );
  const told: SweepState = {
    ...kept,
    silences: Object.fromEntries(
      Object.entries(kept.silences).flatMap(([tenantId, one]) =>
        one.silence.phase === "ended" ? [] : [[tenantId, { ...one, told: true }]],
      ),
    ),
  };
  return { state: canonical(told) === canonical(kept) ? kept : await keep(deps, kept, told), verdicts };
}

export async function keep(deps: Deps, before: SweepState, next: SweepState): Promise<SweepState> {
  const stored = { ...next, version: before.version + 1 };
  await commit(deps.table, [putSweepState(before, stored)]);
  return stored;
}

function standingsOf(nodes: readonly SweptNode[], heardAgainAtMs: number | undefined) {
  const counts: StandingCounts = { fresh: 0, late: 0, silent: 0, offline: 0 };
  let holdMs = 0;
  for (const { presence, readAtMs } of nodes) {
    const standing = standingOf(presence, readAtMs, heardAgainAtMs);
    counts[standing] += 1;
    if (standing === "silent" || standing === "late") holdMs = Math.max(holdMs, intervalMsOf(presence));
  }
  return { counts, holdMs: Math.min(holdMs || defaults.heartbeatIntervalSeconds * 1000, longestHoldMs) };
}

/** Throws where a message could not be sent: it is told again by the next sweep. */
async function tell(
  deps: Deps,
  input: {
    tenantId: string;
    silence: SweepState["silences"][string]["silence"];
    told: boolean;
    nodes: readonly SweptNode[];
    nowMs: number;
    untilMs: number;
  },
): Promise<void> {
  const { tenantId, silence, told, nodes, nowMs, untilMs } = input;
  if (silence.phase === "suspected") return;
  // Also where it only grew: an alert says how many of how many.
  await putFleetSilence(deps.table, { tenantId, silence, lookedAtMs: nowMs });
  if (told) return;
  deps.log("info", "fleet_silence", { tenantId, ...silence });
  await deps.sendNodeEvent({ tenantId, fleet: "silence" });
  if (silence.phase !== "ended") return;
  // Who is still gone has an alert of its own from now on: each is looked at once more.
  const gone = nodes.filter((node) => isExpected(node) && node.presence.announced.level === "offline");
  const all = await inParallel(
    gone,
    sendsAtOnce,
    ({ presence: { nodeId, announced } }) => deps.sendNodeEvent({ tenantId, nodeId, ...announced }),
    untilMs,
  );
  if (!all) throw new Error(`the time did not suffice to tell of ${gone.length} nodes of ${tenantId}`);
}
