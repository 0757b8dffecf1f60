import { actFor } from "@steward/aws/tenant-fence";
import type { WorkerQueues } from "@steward/aws/worker-queues";
import { providerTenantId } from "@steward/contracts/ids";
import { workerQueueChanges } from "@steward/core/node/worker-queue-changes";
import { cutOffAtMs } from "@steward/core/node/cut-off";
import type { Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";

type Deps = Pick<Context, "table" | "log"> & { workerQueues: WorkerQueues };

/**
 * One queue for every worker that is in, none for those that are not. Compares all there is with all there should be,
 * so that a kill at any point, or a hand that removed a queue, is made good a minute later.
 *
 * The queues are listed first: a worker is stored before its queue is made, so a queue whose worker cannot be found
 * afterwards has none.
 *
 * Never throws: whoever calls it enforces deadlines, which must not fail, nor be tried again, because SQS lists no queues. A
 * worker without a queue of its own lives by the lanes.
 */
export async function keepWorkerQueues(deps: Deps): Promise<{ made: number; removed: number }> {
  try {
    return await keep(deps);
  } catch (error) {
    deps.log("error", "worker_queues_not_kept", { error: String(error) });
    return { made: 0, removed: 0 };
  }
}

async function keep(deps: Deps): ReturnType<typeof keepWorkerQueues> {
  const queues = await deps.workerQueues.list();
  const workers = await actFor(providerTenantId, () => workersThatAreIn(deps));
  const { missing, orphaned } = workerQueueChanges({ workers, queues });
  let made = 0;
  let removed = 0;
  const each = async (workerIds: readonly string[], change: (workerId: string) => Promise<void>) => {
    for (const workerId of workerIds) {
      try {
        await change(workerId);
      } catch (error) {
        // One that was removed within the last minute cannot be made yet: the next call's.
        deps.log("warn", "worker_queue_not_kept", { workerId, error: String(error) });
      }
    }
  };
  await each(missing, async (workerId) => {
    await deps.workerQueues.create(workerId);
    made += 1;
  });
  await each(orphaned, async (workerId) => {
    await deps.workerQueues.remove(workerId);
    removed += 1;
  });
  return { made, removed };
}

async function workersThatAreIn(deps: Deps): Promise<string[]> {
  const workers = await allNodes(deps, providerTenantId, "worker");
  return workers.filter((node) => cutOffAtMs(node) === undefined).map((node) => node.nodeId);
}
