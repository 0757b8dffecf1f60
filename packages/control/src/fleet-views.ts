import { oldestQueued } from "@steward/aws/records/job";
import { listTasks } from "@steward/aws/records/task";
import { actForSystem } from "@steward/aws/tenant-fence";
import type { Health } from "@steward/contracts/heartbeat";
import { laneQueue, lanes, queueNames } from "@steward/contracts/names";
import type { statsSchema } from "@steward/contracts/views";
import type { QueueStatus } from "@steward/contracts/views";
import type { z } from "zod";
import type { Caller, Context } from "./context.ts";
import { freezesInForce } from "./gate-context.ts";
import { liveWorkers } from "./live-workers.ts";
import { allNodes } from "./load-targets.ts";
import { nodeView, presencesOf } from "./node-views.ts";

/** Queues as SQS counts them, the age of the oldest waiting job from the records, and the workers. */
export async function queueStatus(
  deps: Pick<Context, "table" | "queues" | "nowMs">,
  caller: Caller,
): Promise<QueueStatus> {
  const nowMs = deps.nowMs();
  const [queues, oldest, workers] = await Promise.all([
    Promise.all(queueNames.map(async (name) => ({ name, counts: await deps.queues.counts(name) }))),
    // Of the oldest job, whoever's it is, only its age goes on from here.
    actForSystem("lanes serve all tenants", () =>
      Promise.all(lanes.map(async (lane) => ({ name: laneQueue(lane), job: await oldestQueued(deps.table, lane) }))),
    ),
    liveWorkers(deps),
  ]);
  // A customer sees that workers are there and how busy they are, not what the provider calls its machines.
  const staff = caller.principal.grants.some((grant) => grant.tenant === "*");
  return {
    queues: queues.map(({ name, counts }) => {
      const waiting = oldest.find((one) => one.name === name)?.job;
      return {
        name,
        queued: counts.visible,
        inFlight: counts.inFlight,
        deadLetters: counts.deadLetters,
        ...(waiting === undefined ? {} : { oldestQueuedSeconds: Math.max(0, (nowMs - waiting.createdAtMs) / 1000) }),
      };
    }),
    workers: workers.map((worker, index) => ({
      id: staff ? worker.id : `worker-${index + 1}`,
      name: staff ? worker.name : `worker ${index + 1}`,
      health: worker.health,
      slots: worker.slots,
      used: worker.used,
      models: worker.models,
      ...(worker.pulling === undefined ? {} : { pulling: worker.pulling }),
    })),
  };
}

const activeStatuses = ["queued", "thinking", "needs_input", "awaiting_approval", "running", "cancelling"] as const;
const countLimit = 200;

/** What is wrong, what is running, what waits for a person. Counts stop at 200 a status. */
export async function stats(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
): Promise<z.infer<typeof statsSchema>> {
  const nodes = await allNodes(deps, caller.tenantId);
  const [presences, freezes, counts] = await Promise.all([
    presencesOf(deps, nodes),
    freezesInForce(deps, caller.tenantId),
    Promise.all(
      activeStatuses.map(async (status) => ({
        status,
        count: (await listTasks(deps.table, caller.tenantId, { status, limit: countLimit })).items.length,
      })),
    ),
  ]);
  const health: Record<Health, number> = { healthy: 0, warning: 0, critical: 0, offline: 0 };
  for (const node of nodes) health[nodeView(node, presences.get(node.nodeId), deps.nowMs()).health] += 1;
  const countOf = (statuses: readonly string[]) =>
    counts.filter((one) => statuses.includes(one.status)).reduce((sum, one) => sum + one.count, 0);
  return {
    nodes: health,
    tasks: { active: countOf(activeStatuses), waitingForMe: countOf(["needs_input", "awaiting_approval"]) },
    freezes: freezes.length,
  };
}
