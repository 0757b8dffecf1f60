import { batchGetPresence } from "@steward/aws/records/presence";
import { actForSystem } from "@steward/aws/tenant-fence";
import { providerTenantId } from "@steward/contracts/ids";
import type { Health, Pulling } from "@steward/contracts/heartbeat";
import { isOffline } from "@steward/core/node/health";
import type { Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";

export interface LiveWorker {
  id: string;
  name: string;
  health: Health;
  slots: number;
  used: number;
  models: string[];
  pulling?: Pulling;
  /** It would take a job now or soon: alive, with a model, not draining. */
  ready: boolean;
}

/** The GPU hosts of this installation, as their last heartbeats say; they are the provider's, and work for all tenants. */
export async function liveWorkers(deps: Pick<Context, "table" | "nowMs">): Promise<LiveWorker[]> {
  return actForSystem("workers serve all tenants", () => readWorkers(deps));
}

async function readWorkers(deps: Pick<Context, "table" | "nowMs">): Promise<LiveWorker[]> {
  const workers = (await allNodes(deps, providerTenantId)).filter((node) => node.kind === "worker");
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
      ...(presence?.pulling === undefined ? {} : { pulling: presence.pulling }),
      ready: !offline && models.length > 0 && presence.draining !== true && !presence.certificate.revoked,
    };
  });
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
