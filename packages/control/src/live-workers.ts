import { batchGetPresence } from "@steward/aws/records/presence";
import { actForSystem } from "@steward/aws/tenant-fence";
import { providerTenantId } from "@steward/contracts/ids";
import type { Pulling } from "@steward/contracts/heartbeat";
import { instanceOf } from "@steward/contracts/worker-group";
import { isOffline } from "@steward/core/node/health";
import type { NodeState } from "@steward/core/node/node-state";
import type { Candidate } from "@steward/core/node/score-workers";
import type { Caller, Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";

export interface LiveWorker extends Candidate {
  name: string;
  models: string[];
  pulling?: Pulling;
  draining: boolean;
}

/** What a customer may call each worker: that it is there and how busy it is, not what the provider calls its machines. */
export function workerLabels(
  workers: readonly Pick<LiveWorker, "id" | "name">[],
  { staff }: { staff: boolean },
): ReadonlyMap<string, { id: string; name: string }> {
  return new Map(
    workers.map(({ id, name }, index) => [
      id,
      staff ? { id, name } : { id: `worker-${index + 1}`, name: `worker ${index + 1}` },
    ]),
  );
}

export function isStaff(caller: Caller): boolean {
  return caller.principal.grants.some((grant) => grant.tenant === "*");
}

/** The GPU hosts of this installation, as their last heartbeats say; they are the provider's, and work for all tenants. */
export async function liveWorkers(deps: Pick<Context, "table" | "nowMs">): Promise<LiveWorker[]> {
  return actForSystem("workers serve all tenants", () => readWorkers(deps));
}

async function readWorkers(deps: Pick<Context, "table" | "nowMs">): Promise<LiveWorker[]> {
  const workers = await allNodes(deps, providerTenantId, "worker");
  const presences = await batchGetPresence(
    deps.table,
    workers.map((worker) => worker.nodeId),
  );
  const byNode = new Map(presences.map((presence) => [presence.nodeId, presence]));
  const nowMs = deps.nowMs();
  return workers.map((worker) => {
    const presence = byNode.get(worker.nodeId);
    const offline = presence === undefined || presence.sequence === 0 || isOffline(presence, nowMs);
    const models = presence?.models ?? [];
    return {
      id: worker.nodeId,
      name: worker.name,
      health: offline ? "offline" : presence.announced.level,
      slots: presence?.capacity?.slots ?? 0,
      used: presence?.capacity?.used ?? 0,
      models,
      draining: presence?.draining === true,
      gpuMemoryMb: (presence?.gpus ?? []).reduce((sum, gpu) => sum + gpu.vramMb, 0),
      ...(presence?.m1 === undefined
        ? {}
        : { cpuPercent: presence.m1.cpuPercent, memoryPercent: presence.m1.memoryPercent }),
      ...(presence?.pulling === undefined ? {} : { pulling: presence.pulling }),
      ready:
        !offline && models.length > 0 && presence.draining !== true && mayWork(worker) && !presence.certificate.revoked,
    };
  });
}

/**
 * Whether it is given jobs at all: what it says of its slots is nobody's capacity otherwise. An instance of the worker group
 * was started by the provider itself, and waits for no person.
 */
function mayWork({ quarantinedAtMs, confirmedAtMs, tags }: NodeState): boolean {
  return quarantinedAtMs === undefined && (confirmedAtMs !== undefined || instanceOf(tags) !== undefined);
}

/**
 * Seconds until a job that is queued now may find a worker: 0 where one is ready, undefined where none is nor will be
 * started because jobs wait.
 */
export async function secondsToWorker(
  deps: Pick<Context, "table" | "nowMs" | "workerStartSeconds">,
): Promise<number | undefined> {
  return (await liveWorkers(deps)).some((worker) => worker.ready) ? 0 : deps.workerStartSeconds;
}
