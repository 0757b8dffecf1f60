import { Worker } from "node:worker_threads";
import type { InvokeMessage, ThreadData, ThreadMessage } from "./lambda-messages.ts";

export interface LambdaOptions {
  name: string;
  entryUrl: URL;
  /** The entry is the plain function, and its invocations are to be told to a collector. */
  isTraced?: boolean;
  /** All of the function's environment: nothing of the host's own reaches it. */
  environment: Record<string, string>;
  timeoutMs: number;
  /** Invocations at one time; one more is `throttled`. */
  concurrency: number;
  compileCacheDir?: string;
  log: (message: string) => void;
}

export type Outcome =
  | { kind: "result"; result: unknown }
  /** The handler threw, did not load, or its thread died. */
  | { kind: "failed"; error: string }
  | { kind: "timed_out" }
  | { kind: "throttled" };

export interface Lambda {
  readonly name: string;
  invoke(event: unknown): Promise<Outcome>;
  /** Starts the thread before its first event. */
  warm(): Promise<void>;
  close(): Promise<void>;
}

/**
 * One function in a thread of its own, with its own environment and so its own credentials. Started at the first event,
 * and again after it died.
 *
 * What differs from AWS: there, an instance works on one event at a time and there are as many instances as events;
 * here one thread works on several at once, up to `concurrency`. And there, an instance that times out is ended; here
 * its caller is told so and the late result is thrown away, because others may be at work in the same thread.
 */
export function createLambda(options: LambdaOptions): Lambda {
  const { name, timeoutMs, concurrency, log } = options;
  const waiting = new Map<number, (outcome: Outcome) => void>();
  let thread: Thread | undefined;
  let nextId = 0;
  let closed = false;

  const start = (): Thread => {
    const started = startThread(options);
    thread = started;
    started.worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "result") settle(message.id, { kind: "result", result: message.result });
      else if (message.kind === "failed") settle(message.id, { kind: "failed", error: message.error });
    });
    void started.ended.then((reason) => {
      if (thread === started) thread = undefined;
      if (!closed) log(`${name}: ${reason}`);
      for (const id of waiting.keys()) settle(id, { kind: "failed", error: reason });
    });
    return started;
  };

  const settle = (id: number, outcome: Outcome) => {
    const done = waiting.get(id);
    waiting.delete(id);
    done?.(outcome);
  };

  return {
    name,
    warm: async () => {
      await (thread ?? start()).loaded;
    },
    invoke: async (event) => {
      if (closed) return { kind: "failed", error: "the host is ending" };
      if (waiting.size >= concurrency) return { kind: "throttled" };
      const id = nextId++;
      const deadlineMs = Date.now() + timeoutMs;
      const outcome = new Promise<Outcome>((resolve) => {
        const timer = setTimeout(() => settle(id, { kind: "timed_out" }), timeoutMs);
        waiting.set(id, (result) => {
          clearTimeout(timer);
          resolve(result);
        });
      });
      const current = thread ?? start();
      // A function that cannot load fails its events by `ended`.
      void current.loaded.then((loaded) => {
        if (loaded) current.worker.postMessage({ id, event, deadlineMs } satisfies InvokeMessage);
      });
      const result = await outcome;
      if (result.kind === "failed") log(`${name}: ${result.error}`);
      if (result.kind === "timed_out") log(`${name}: no answer within ${timeoutMs} ms`);
      return result;
    },
    close: async () => {
      closed = true;
      await thread?.worker.terminate();
    },
  };
}

interface Thread {
  worker: Worker;
  /** True once the entry point is loaded; false if it never will be. */
  loaded: Promise<boolean>;
  /** Why the thread is no more. */
  ended: Promise<string>;
}

/**
 * Two dozen threads on a laptop: each would keep a hundred megabytes of what it has thrown away. The young generation is
 * small because a handler's garbage dies young, whatever its size; the old one has room for several events at one time.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 1_024 };

function startThread(options: LambdaOptions): Thread {
  const data: ThreadData = {
    entryUrl: options.entryUrl.href,
    isTraced: options.isTraced ?? false,
    functionName: options.name,
    compileCacheDir: options.compileCacheDir,
  };
  const worker = new Worker(new URL("./lambda-thread.ts", import.meta.url), {
    env: options.environment,
    workerData: data,
    name: options.name,
    resourceLimits,
  });
  let reason = "its thread ended";
  const loaded = new Promise<boolean>((resolve) => {
    worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "loaded") resolve(true);
      if (message.kind === "load_failed") {
        reason = `did not load: ${message.error}`;
        resolve(false);
        void worker.terminate();
      }
    });
    worker.once("exit", () => resolve(false));
  });
  worker.on("error", (error) => {
    reason = error.stack ?? error.message;
  });
  const ended = new Promise<string>((resolve) => worker.once("exit", () => resolve(reason)));
  return { worker, loaded, ended };
}
