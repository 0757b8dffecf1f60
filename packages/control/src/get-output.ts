import { getNode } from "@steward/aws/records/node";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { AppError } from "@steward/contracts/errors";
import type { runOutputSchema } from "@steward/contracts/run";
import type { RunState } from "@steward/core/run/run-state";
import type { z } from "zod";
import { cutOffAtMs } from "@steward/core/node/cut-off";
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
  const { run, chunks, complete, expired } = await outputOf(deps, caller, params);
  if (expired) return { runId: run.runId, attempt: run.attempt, complete, expired, chunks: [] };
  return {
    runId: run.runId,
    attempt: run.attempt,
    complete,
    chunks: await Promise.all(
      chunks.map(async (chunk) => ({
        ...chunk,
        url: await deps.objects.presignedGet(deps.outputBucket, chunkKey(run, chunk.number), urlSeconds),
      })),
    ),
    ...(complete && run.output !== undefined ? { sha256: run.output.sha256, bytes: run.output.bytes } : {}),
  };
}

/** What is known of the output of one appliance's run. `complete`: no chunk will come any more. */
export async function outputOf(
  deps: Pick<Context, "table"> & WithObjects,
  caller: Caller,
  params: { taskId: string; applianceId: string },
): Promise<{ run: RunState; chunks: RunState["chunks"]; complete: boolean; expired: boolean }> {
  const task = await loadTask(deps, caller.tenantId, params.taskId);
  const runs =
    task.rolloutId === undefined
      ? []
      : await listRunsOfRollout(deps.table, { tenantId: task.tenantId, rolloutId: task.rolloutId });
  const run = runs.find((one) => one.applianceId === params.applianceId);
  if (run === undefined) throw new AppError("not_found", `task ${params.taskId} has no run on ${params.applianceId}`);
  const announced = run.output?.chunks ?? run.chunks;
  if (await hasExpired(deps, run, announced)) return { run, chunks: [], complete: true, expired: true };
  const chunks = await chunksThatCount(deps, run, announced);
  return { run, chunks, complete: run.output !== undefined && chunks.length === announced.length, expired: false };
}

/** An output goes as a whole, the oldest first; while the run goes on nothing of it does. */
async function hasExpired(deps: WithObjects, run: RunState, announced: RunState["chunks"]): Promise<boolean> {
  const [first] = announced;
  if (run.output === undefined || first === undefined) return false;
  return !(await deps.objects.exists(deps.outputBucket, chunkKey(run, first.number)));
}

/** S3 tells when an object came in whole seconds. */
const resolutionMs = 1_000;
const atOnce = 20;

/**
 * Those of the announced chunks that are output. Of a node that was shut out, only what was there before: whoever has it
 * may still have an address to upload to, for as long as that is good, and what comes that way must be worth nothing. That
 * is asked of the object itself, at each reading: there is no moment between the revocation and a tidying-up.
 */
async function chunksThatCount(
  deps: Pick<Context, "table"> & WithObjects,
  run: RunState,
  announced: RunState["chunks"],
): Promise<RunState["chunks"]> {
  const node = await getNode(deps.table, { tenantId: run.tenantId, nodeId: run.applianceId });
  // A machine without a record is nobody's: fails closed.
  const untilMs = node === undefined ? 0 : cutOffAtMs(node);
  if (untilMs === undefined) {
    const last = announced.at(-1);
    if (run.output !== undefined || last === undefined) return announced;
    const isThere = await deps.objects.exists(deps.outputBucket, chunkKey(run, last.number));
    return isThere ? announced : announced.slice(0, -1);
  }
  const counted: RunState["chunks"] = [];
  for (let start = 0; start < announced.length; start += atOnce) {
    const part = announced.slice(start, start + atOnce);
    const heads = await Promise.all(
      part.map(async ({ number }) => deps.objects.head(deps.outputBucket, chunkKey(run, number))),
    );
    const isBefore = (_: unknown, index: number) => {
      const head = heads[index];
      return head !== undefined && head.lastModifiedMs + resolutionMs <= untilMs;
    };
    counted.push(...part.filter(isBefore));
  }
  return counted;
}
