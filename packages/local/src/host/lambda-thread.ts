import { enableCompileCache, flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import type { FunctionName } from "@steward/functions/definitions";
import type { InvokeMessage, ThreadData, ThreadMessage } from "./lambda-messages.ts";

/** The thread of one function: loads its entry point, then answers invocations. `process.env` is the function's own. */
const { entryUrl, functionName, isTraced, compileCacheDir } = workerData as ThreadData;
if (compileCacheDir !== undefined) enableCompileCache(compileCacheDir);

const say = (message: ThreadMessage) => parentPort?.postMessage(message);
const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

try {
  const load = async (): Promise<{ handler?: unknown }> => import(entryUrl);
  const handler = isTraced ? await traced(load) : (await load()).handler;
  if (typeof handler !== "function") throw new Error(`${entryUrl} exports no handler`);
  const answer = async ({ id, event, deadlineMs }: InvokeMessage) => {
    try {
      const context = {
        functionName,
        awsRequestId: crypto.randomUUID(),
        getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
      };
      say({ kind: "result", id, result: await handler(event, context) });
    } catch (error) {
      say({ kind: "failed", id, error: textOf(error) });
    }
  };
  parentPort?.on("message", (message: InvokeMessage) => void answer(message));
  say({ kind: "loaded" });
  // The host may be killed at any time: keep what was compiled for the next start now.
  if (compileCacheDir !== undefined) flushCompileCache();
} catch (error) {
  say({ kind: "load_failed", error: textOf(error) });
}

/** As the build's `traced.mjs` does on AWS. */
async function traced(load: () => Promise<{ handler?: unknown }>): Promise<unknown> {
  const [{ traceFunction }, { functionDefinitions }] = await Promise.all([
    import("@steward/functions/tracing/trace-function"),
    import("@steward/functions/definitions"),
  ]);
  const name = functionName as FunctionName;
  return traceFunction({ name, trigger: functionDefinitions[name].trigger }, load);
}
