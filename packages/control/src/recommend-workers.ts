import { AppError } from "@steward/contracts/errors";
import { type Recommendation, readRequirements, type ScoredWorker } from "@steward/contracts/queues";
import { recommendWorkers, type Score } from "@steward/core/node/score-workers";
import type { Caller, Context } from "./context.ts";
import { isStaff, type LiveWorker, liveWorkers, workerLabels } from "./live-workers.ts";

/** `GET /nodes/recommend`: the workers that fit best, as their last heartbeats say. */
export async function viewRecommended(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  { count, requirements = [] }: { count: number; requirements?: readonly string[] | undefined },
): Promise<Recommendation> {
  const workers = await liveWorkers(deps);
  const labelOf = labelsFor(workers, caller);
  const { fit, unfit } = recommendWorkers(workers, readRequirements(requirements));
  return {
    items: fit.slice(0, count).map(({ worker, score }) => scored(worker, score, labelOf(worker))),
    unfit: unfit.map(({ worker, why }) => ({ ...labelOf(worker), why })),
  };
}

/** The one that fits best. Throws `unprocessable` where none does, and says why each does not. */
export async function bestWorker(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  requirements: readonly string[],
): Promise<{ workerId: string; shown: ScoredWorker }> {
  const workers = await liveWorkers(deps);
  const labelOf = labelsFor(workers, caller);
  const { fit, unfit } = recommendWorkers(workers, readRequirements(requirements));
  const [best] = fit;
  if (best === undefined) {
    const reasons = unfit.map(({ worker, why }) => `${labelOf(worker).name}: ${why}`);
    throw new AppError("unprocessable", "no worker fits now", {
      next: reasons.length === 0 ? "Enrol a worker: steward workers enroll" : `${reasons.slice(0, 5).join("; ")}.`,
    });
  }
  return { workerId: best.worker.id, shown: scored(best.worker, best.score, labelOf(best.worker)) };
}

function labelsFor(workers: readonly LiveWorker[], caller: Caller) {
  const labels = workerLabels(workers, { staff: isStaff(caller) });
  return ({ id }: LiveWorker) => labels.get(id) ?? { id: "", name: "" };
}

function scored(worker: LiveWorker, score: Score, label: { id: string; name: string }): ScoredWorker {
  return {
    ...label,
    health: worker.health,
    free: Math.max(0, worker.slots - worker.used),
    slots: worker.slots,
    models: worker.models,
    score: score.total,
    parts: score.parts,
  };
}
