import type { LentKeys } from "@steward/aws/queue-lender";
import { getNode } from "@steward/aws/records/node";
import { chargeBucket } from "@steward/aws/records/rate-bucket";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import type { WorkerQueues } from "@steward/aws/worker-queues";
import { AppError } from "@steward/contracts/errors";
import { audited } from "./audit.ts";
import { isShutOut } from "@steward/core/node/cut-off";
import type { Context, NodeCaller } from "./context.ts";

/**
 * A worker asks twice an hour, and once more at each start. Each lending is a call to STS, one to SQS and an entry in the
 * trail, which one that asks without end would make for nothing.
 */
const lendingRate = { perSecond: 0.1, burst: 10 };

/**
 * Keys to the lanes and to the worker's own queue, for an hour. Only for one that a person has confirmed and nobody
 * doubts: with keys one can hide messages from others, though none can be worked on without the nodes door. Those that
 * were lent before a revocation hold until they end, and AWS has no way to take one worker's back.
 */
export async function lendQueues(
  deps: Pick<Context, "stage" | "table" | "nowMs" | "log"> & {
    workerQueues: Pick<WorkerQueues, "create">;
    lendQueues: (workerId: string) => Promise<LentKeys>;
  },
  caller: NodeCaller,
): Promise<LentKeys & { stage: string }> {
  const { tenantId, nodeId, requestId } = caller;
  const worker = await getNode(deps.table, { tenantId, nodeId });
  if (worker === undefined || isShutOut(worker)) {
    throw new AppError("forbidden", "this worker is shut out", {
      next: "look at the machine, remove it, and enrol it again with a new token",
    });
  }
  if (worker.confirmedAtMs === undefined) {
    // Not final: the worker asks again, and somebody is about to look at its screen.
    throw new AppError("unavailable", "nobody has confirmed this worker yet", {
      retryAfterSeconds: 5,
      next: `compare its key's fingerprint and confirm it: steward workers confirm ${worker.name}`,
    });
  }
  const charged = await actForSystem("how often a worker asks for keys", () =>
    chargeBucket(deps.table, { owner: { kind: "principal", id: nodeId }, rate: lendingRate, nowMs: deps.nowMs() }),
  );
  if (charged.kind === "refused") {
    const retryAfterSeconds = Math.ceil(charged.retryInMs / 1000);
    throw new AppError("too_many_requests", "this worker has asked for keys many times just now", {
      retryAfterSeconds,
      next: `Use those that were lent; ask again in ${retryAfterSeconds} s.`,
    });
  }
  try {
    await deps.workerQueues.create(nodeId);
  } catch (error) {
    // It can work for the lanes; the reconciler makes its queue within a minute.
    deps.log("warn", "worker_queue_not_made", { workerId: nodeId, error: String(error) });
  }
  const keys = await deps.lendQueues(nodeId);
  const after = { accessKeyId: keys.accessKeyId, expiresInSeconds: keys.expiresInSeconds };
  await commit(deps.table, [
    audited(deps.nowMs(), { tenantId, who: nodeId, what: "lend-queues", record: nodeId, after, requestId }),
  ]);
  return { ...keys, stage: deps.stage };
}
