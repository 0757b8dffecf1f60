import { listRunsOfRollout } from "@steward/aws/records/run";
import { AppError } from "@steward/contracts/errors";
import type { runOutputSchema } from "@steward/contracts/run";
import type { RunState } from "@steward/core/run/run-state";
import type { z } from "zod";
import type { Caller, Context, WithObjects } from "./context.ts";
import { loadTask } from "./load-task.ts";

const urlSeconds = 300;

/** Where a chunk of a run's output is kept. The server chooses the key; nothing in it comes from the appliance. */
export function chunkKey(run: Pick<RunState, "tenantId" | "runId" | "attempt">, number: number): string {
  return `${run.tenantId}/${run.runId}/${run.attempt}/${String(number).padStart(6, "0")}.gz`;
}

/**
 * The output of one appliance's run: presigned chunk URLs with their hashes. While it runs, the last chunk is named
 * only once it is there, so a reader can follow.
 */
export async function getOutput(
  deps: Pick<Context, "table"> & WithObjects,
  caller: Caller,
  params: { taskId: string; applianceId: string },
): Promise<z.infer<typeof runOutputSchema>> {
  const task = await loadTask(deps, caller.tenantId, params.taskId);
  const runs =
    task.rolloutId === undefined
      ? []
      : await listRunsOfRollout(deps.table, { tenantId: task.tenantId, rolloutId: task.rolloutId });
  const run = runs.find((one) => one.applianceId === params.applianceId);
  if (run === undefined) throw new AppError("not_found", `task ${params.taskId} has no run on ${params.applianceId}`);
  let chunks = run.output?.chunks ?? run.chunks;
  const last = chunks.at(-1);
  if (run.output === undefined && last !== undefined) {
    if (!(await deps.objects.exists(deps.outputBucket, chunkKey(run, last.number)))) chunks = chunks.slice(0, -1);
  }
  return {
    runId: run.runId,
    attempt: run.attempt,
    complete: run.output !== undefined,
    chunks: await Promise.all(
      chunks.map(async (chunk) => ({
        ...chunk,
        url: await deps.objects.presignedGet(deps.outputBucket, chunkKey(run, chunk.number), urlSeconds),
      })),
    ),
    ...(run.output === undefined ? {} : { sha256: run.output.sha256, bytes: run.output.bytes }),
  };
}
