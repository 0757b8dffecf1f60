import { putHistory } from "@steward/aws/records/fleet-history";
import { packSamples, partOf, partsFor, sampleOf, stepAt, sumsOf } from "@steward/core/fleet/history";
import { fleetNode } from "@steward/core/fleet/snapshot";
import type { Context } from "./context.ts";
import { saveFleet, snapshotAbove, type WithFleets } from "./fleet-store.ts";
import { inParallel } from "./in-parallel.ts";
import { allNodes } from "./load-targets.ts";
import { healthOfSwept, isExpected, type SweptNode } from "./sweep-shards.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log"> & WithFleets;
type ByTenant = ReadonlyMap<string, SweptNode[]>;

const tenantsAtOnce = 4;
const writesAtOnce = 16;

/** Writes the snapshot of each large tenant. One that fails keeps the others from nothing, and is read from its records. */
export async function saveFleets(
  deps: Deps,
  { byTenant, untilMs, above = snapshotAbove }: { byTenant: ByTenant; untilMs: number; above?: number },
): Promise<number> {
  const large = [...byTenant].filter(([, nodes]) => nodes.length > above);
  // Where the time does not suffice for all, it is not always the same ones that go without.
  const first = large.length === 0 ? 0 : Math.floor(deps.nowMs() / 60_000) % large.length;
  let saved = 0;
  await inParallel(
    [...large.slice(first), ...large.slice(0, first)],
    tenantsAtOnce,
    async ([tenantId, swept]) => {
      try {
        const byNode = new Map(swept.map(({ presence }) => [presence.nodeId, presence]));
        const nodes = await allNodes(deps, tenantId, undefined, { consistent: false });
        const atMs = deps.nowMs();
        const rows = nodes.map((node) => fleetNode(node, byNode.get(node.nodeId), atMs));
        await saveFleet(deps, { tenantId, atMs, nodes: rows });
        saved += 1;
      } catch (error) {
        deps.log("error", "fleet_not_saved", { tenantId, error: String(error) });
      }
    },
    untilMs,
  );
  return saved;
}

/** Keeps a step of every tenant's history once it has begun. Answers the newest step that all have. */
export async function keepHistory(
  deps: Deps,
  { byTenant, sinceStepMs, untilMs }: { byTenant: ByTenant; sinceStepMs: number; untilMs: number },
): Promise<number> {
  const stepMs = stepAt(deps.nowMs());
  if (stepMs <= sinceStepMs) return sinceStepMs;
  const items = [...byTenant].flatMap(([tenantId, nodes]) => stepOf(tenantId, nodes, stepMs));
  try {
    const all = await inParallel(items, writesAtOnce, (item) => putHistory(deps.table, item), untilMs);
    return all ? stepMs : sinceStepMs;
  } catch (error) {
    // A gap in a plot. The next sweep writes what it finds then.
    deps.log("warn", "history_not_kept", { error: String(error) });
    return sinceStepMs;
  }
}

function stepOf(tenantId: string, swept: readonly SweptNode[], stepMs: number): Parameters<typeof putHistory>[1][] {
  const nodes = swept.filter(isExpected).map((node) => {
    const { nodeId, m1, m2, m3 } = node.presence;
    const health = healthOfSwept(node);
    return { nodeId, health, sample: health === "offline" ? undefined : sampleOf(health, [m1, m2, m3]) };
  });
  if (nodes.length === 0) return [];
  const sampled = nodes.flatMap(({ nodeId, sample }) => (sample === undefined ? [] : [{ nodeId, sample }]));
  const sums = sumsOf(
    nodes.map(({ health }) => health),
    sampled.map(({ sample }) => sample),
  );
  const parts = partsFor(nodes.length);
  const byPart = Map.groupBy(sampled, ({ nodeId }) => partOf(nodeId, parts));
  return [...new Set([0, ...byPart.keys()])].map((part) => ({
    tenantId,
    part,
    stepMs,
    parts,
    samples: packSamples(byPart.get(part) ?? []),
    ...(part === 0 ? { sums } : {}),
  }));
}
