import { AppError } from "@steward/contracts/errors";
import { maxChunkBytesAnswered, maxChunksAnswered, type RunOutputChunks } from "@steward/contracts/run";
import type { Caller, Context, WithObjects } from "./context.ts";
import { chunkKey, outputOf } from "./get-output.ts";

/**
 * The chunks of one appliance's output from `from` on, as they are stored and as many as one answer holds. A page in a
 * browser reaches nothing but its own origin, so it cannot fetch them from the store's addresses as the CLI does; it holds
 * them to the same hashes.
 */
export async function getOutputChunks(
  deps: Pick<Context, "table"> & WithObjects,
  caller: Caller,
  params: { taskId: string; applianceId: string },
  { from }: { from: number },
): Promise<RunOutputChunks> {
  const { run, chunks, complete, expired } = await outputOf(deps, caller, params);
  const wanted = nextOf(chunks, from);
  const read = await Promise.all(
    wanted.map(async (chunk) => {
      const bytes = await deps.objects.get(deps.outputBucket, chunkKey(run, chunk.number));
      if (bytes === undefined) {
        throw new AppError("unavailable", `a piece of the output (${chunk.number}) is not there`, {
          next: "Try again. It is gone for good where the output is older than your policy keeps it.",
        });
      }
      return { ...chunk, gzip: Buffer.from(bytes).toString("base64") };
    }),
  );
  return {
    runId: run.runId,
    attempt: run.attempt,
    complete,
    ...(expired ? { expired } : {}),
    count: chunks.length,
    storedBytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks: read,
    ...(complete && run.output !== undefined && !expired ? { sha256: run.output.sha256, bytes: run.output.bytes } : {}),
  };
}

/** From `from` on without a gap, up to what an answer holds; at least one. */
function nextOf<Chunk extends { number: number; bytes: number }>(chunks: readonly Chunk[], from: number): Chunk[] {
  const byNumber = new Map(chunks.map((chunk) => [chunk.number, chunk]));
  const wanted: Chunk[] = [];
  let bytes = 0;
  for (let chunk = byNumber.get(from); chunk !== undefined; chunk = byNumber.get(chunk.number + 1)) {
    bytes += chunk.bytes;
    if (wanted.length > 0 && (bytes > maxChunkBytesAnswered || wanted.length >= maxChunksAnswered)) break;
    wanted.push(chunk);
  }
  return wanted;
}
