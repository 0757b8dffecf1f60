import { replaceRun } from "@steward/aws/records/run";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { chunkPlaceSchema, requestChunkSchema } from "@steward/contracts/run";
import { reduceRun } from "@steward/core/run/reduce-run";
import type { z } from "zod";
import type { Context, NodeCaller, WithObjects } from "./context.ts";
import { chunkKey } from "./get-output.ts";
import { loadOwnRun } from "./load-run.ts";
import { countOutput } from "./quotas.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** It is used at once: what somebody who took the machine finds of it is soon worth nothing. */
const urlSeconds = 120;

/** A place for one chunk of output: a presigned URL for exactly these bytes, that never overwrites. */
export async function requestChunk(
  deps: Pick<Context, "table" | "nowMs"> & WithObjects,
  node: NodeCaller,
  params: { runId: string },
  body: z.infer<typeof requestChunkSchema>,
): Promise<z.infer<typeof chunkPlaceSchema>> {
  const { attempt, ledgerId, ...chunk } = body;
  let counted = false;
  const run = await retryOnConflict(async () => {
    const current = await loadOwnRun(deps, node, params.runId);
    const earlier = current.chunks.filter((one) => one.number !== chunk.number);
    const total = earlier.reduce((sum, one) => sum + one.bytes, chunk.bytes);
    if (total > defaults.maxOutputBytes) {
      throw new AppError("too_large", `a run may upload ${defaults.maxOutputBytes} bytes of output`);
    }
    const { state } = reduceRun(current, { type: "chunk", attempt, ledgerId, chunk }, deps.nowMs());
    if (state === current) return state;
    // Once for this call, however often it meets others. A repeated one finds its chunk listed, and costs nothing.
    if (!counted) await countOutput(deps, node.tenantId, chunk.bytes);
    counted = true;
    await commit(deps.table, [replaceRun(current, state)]);
    return state;
  });
  const key = chunkKey(run, chunk.number);
  const place = await deps.objects.presignedPut(deps.outputBucket, key, {
    sha256Hex: chunk.sha256,
    bytes: chunk.bytes,
    seconds: urlSeconds,
  });
  return { ...place, stored: await deps.objects.exists(deps.outputBucket, key) };
}
