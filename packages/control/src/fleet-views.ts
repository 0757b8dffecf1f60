import { listHistory } from "@steward/aws/records/fleet-history";
import {
  type ClusterStats,
  type Flow,
  type FleetHealth,
  type FleetHistory,
  flowStages,
  type NodeHistory,
  type Topology,
} from "@steward/contracts/fleet";
import type { statsSchema } from "@steward/contracts/views";
import { historyStepMs, partOf, sampleIn } from "@steward/core/fleet/history";
import { countHealth } from "@steward/core/fleet/query";
import { healthOf, statsOf, topologyOf } from "@steward/core/fleet/summary";
import type { z } from "zod";
import type { Caller, Context } from "./context.ts";
import { countTasks } from "./count-tasks.ts";
import { loadFleet, type WithFleets } from "./fleet-store.ts";
import { freezesInForce } from "./gate-context.ts";
import { isStaff, liveWorkers, workerLabels } from "./live-workers.ts";
import { getNode } from "./node-views.ts";
import { queueStatus } from "./queue-status.ts";

type Deps = Pick<Context, "table" | "nowMs">;

const countLimit = 200;
const hourMs = 3_600_000;

const asOf = ({ atMs }: { atMs: number }) => new Date(atMs).toISOString();

/** What is wrong, what is running, what waits for a person. Counts stop at 200 a status. */
export async function stats(deps: Deps & WithFleets, caller: Caller): Promise<z.infer<typeof statsSchema>> {
  const [fleet, freezes, counts] = await Promise.all([
    loadFleet(deps, caller.tenantId),
    freezesInForce(deps, caller.tenantId),
    countTasks(deps, caller.tenantId, countLimit),
  ]);
  const countOf = (stages: readonly string[]) =>
    counts.filter((one) => stages.includes(one.stage)).reduce((sum, one) => sum + one.count, 0);
  return {
    nodes: countHealth(fleet.nodes),
    tasks: { active: countOf(flowStages), waitingForMe: countOf(["needs_input", "awaiting_approval"]) },
    freezes: freezes.length,
  };
}

export async function fleetHealth(deps: Deps & WithFleets, caller: Caller): Promise<FleetHealth> {
  const fleet = await loadFleet(deps, caller.tenantId);
  return { asOf: asOf(fleet), ...healthOf(fleet) };
}

/** Where the tenant's nodes stand; and the workers, which are the provider's and have no names for its customers. */
export async function topology(deps: Deps & WithFleets, caller: Caller): Promise<Topology> {
  const [fleet, workers] = await Promise.all([loadFleet(deps, caller.tenantId), liveWorkers(deps)]);
  const labels = workerLabels(workers, { staff: isStaff(caller) });
  return {
    asOf: asOf(fleet),
    ...topologyOf(fleet),
    workers: workers.map(({ id, health, slots, used }) => ({
      ...(labels.get(id) ?? { id: "", name: "" }),
      health,
      slots,
      used,
    })),
  };
}

export async function flow(deps: Deps & Pick<Context, "queues" | "workerStartSeconds">, caller: Caller): Promise<Flow> {
  const [stages, queues] = await Promise.all([
    countTasks(deps, caller.tenantId, countLimit),
    queueStatus(deps, caller),
  ]);
  return {
    at: new Date(deps.nowMs()).toISOString(),
    stages,
    lanes: queues.lanes.map(({ lane, queued, inFlight }) => ({ lane, queued, inFlight })),
    slots: {
      total: queues.workers.reduce((sum, { slots }) => sum + slots, 0),
      used: queues.workers.reduce((sum, { used }) => sum + used, 0),
    },
  };
}

export async function clusterStats(deps: Deps & WithFleets, caller: Caller): Promise<ClusterStats> {
  const [fleet, workers] = await Promise.all([loadFleet(deps, caller.tenantId), liveWorkers(deps)]);
  const ready = workers.filter((worker) => worker.ready);
  return {
    asOf: asOf(fleet),
    ...statsOf(fleet),
    workers: {
      ready: ready.length,
      slots: ready.reduce((sum, { slots }) => sum + slots, 0),
      used: ready.reduce((sum, { used }) => sum + used, 0),
    },
  };
}

export async function fleetHistory(deps: Deps, caller: Caller, query: { hours: number }): Promise<FleetHistory> {
  const steps = await listHistory(deps.table, {
    tenantId: caller.tenantId,
    part: 0,
    sinceMs: deps.nowMs() - query.hours * hourMs,
  });
  return {
    stepSeconds: historyStepMs / 1000,
    points: steps.flatMap(({ stepMs, sums }) =>
      sums === undefined ? [] : [{ at: new Date(stepMs).toISOString(), ...sums }],
    ),
  };
}

export async function nodeHistory(
  deps: Deps,
  caller: Caller,
  params: { nodeId: string },
  query: { hours: number },
): Promise<NodeHistory> {
  // Another tenant's is absent, as one that never was.
  const { id } = await getNode(deps, caller, params);
  const { tenantId } = caller;
  const sinceMs = deps.nowMs() - query.hours * hourMs;
  // A fleet that has grown or shrunk meanwhile had the node in another part: every number of parts leads to one of these.
  const first = await listHistory(deps.table, { tenantId, part: 0, sinceMs });
  const parts = new Set(first.map((item) => partOf(id, item.parts)));
  parts.delete(0);
  const rest = await Promise.all([...parts].map((part) => listHistory(deps.table, { tenantId, part, sinceMs })));
  const points = [first, ...rest].flat().flatMap(({ stepMs, samples }) => {
    const sample = sampleIn(samples, id);
    return sample === undefined ? [] : [{ atMs: stepMs, sample }];
  });
  return {
    stepSeconds: historyStepMs / 1000,
    points: points
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ atMs, sample }) => ({ at: new Date(atMs).toISOString(), ...sample })),
  };
}
