import { expect, it } from "vitest";
import { keepWorkerQueues } from "./keep-worker-queues.ts";

it("queues that cannot be listed fail nobody, and are told of", async () => {
  const logged: unknown[] = [];
  const deps = {
    workerQueues: { list: () => Promise.reject(new Error("SQS is away")) },
    log: (...line: unknown[]) => logged.push(line),
  } as unknown as Parameters<typeof keepWorkerQueues>[0];
  expect(await keepWorkerQueues(deps)).toEqual({ made: 0, removed: 0 });
  expect(logged).toEqual([["error", "worker_queues_not_kept", { error: "Error: SQS is away" }]]);
});
