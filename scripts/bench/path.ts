import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { createClient } from "@steward/contracts/client";
import { startCloud } from "@steward/local/cloud/start-cloud";
import { fetchTransport } from "@steward/local/fetch-transport";
import { startSteward } from "@steward/local/stack";
import { startScriptedModels } from "../../test/support/scripted-models.ts";
import { type Figure, percentile } from "./report.ts";

const submissions = 200;
const wakes = 200;
/** Not understood by the matcher, so every one of these goes to the worker. */
const sentence = (count: number) => `could you see to it that colleague number ${count} gets on board`;

/** How quickly work reaches whoever waits for it. */
export async function benchPath(): Promise<Figure[]> {
  return [...(await benchSubmit()), ...(await benchLongPoll())];
}

async function benchSubmit(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-path-"));
  let arrived: (atMs: number) => void = () => undefined;
  const models = await startScriptedModels({
    script: () => {
      arrived(performance.now());
      return { kind: "answer", json: { understood: "nothing of ours", outOfScope: true, steps: [] } };
    },
  });
  const stack = await startSteward({
    stateDir: join(folder, "state"),
    appliances: 3,
    executor: "simulate",
    troubles: false,
    heartbeatIntervalSeconds: 60,
    // As on AWS: once a minute. The demo looks more often, and each look takes a core for a moment.
    reconcileSeconds: 60,
    sweepSeconds: 60,
    worker: { ollamaHost: models.url, env: { STEWARD_WORKER_SLOTS: "4" } },
  });
  try {
    const tenant = stack.tenants[0];
    if (tenant === undefined) throw new Error("no tenant");
    const call = createClient({
      baseUrl: stack.apiUrl,
      transport: fetchTransport,
      headers: () => stack.headersOf(tenant.slug),
    });
    const { items } = await call("listNodes", { query: { kind: "appliance" } });
    const target = items[0]?.name ?? "";
    const started: number[] = [];
    const accepted: number[] = [];
    for (let count = -20; count < submissions; count += 1) {
      const before = performance.now();
      const arrival = new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("the worker did not start within 20 s")), 20_000);
        arrived = (atMs) => {
          clearTimeout(timer);
          resolve(atMs);
        };
      });
      const answered = call("submitTask", { body: { instruction: sentence(count + 100), targets: [target] } }).then(
        () => performance.now(),
      );
      const [startedAt, answeredAt] = await Promise.all([arrival, answered]);
      if (count < 0) continue;
      started.push(startedAt - before);
      accepted.push(startedAt - answeredAt);
    }
    const how = `${submissions} tasks one after the other; the model's HTTP request is the start; 4 slots, idle worker, sweep and reconciler once a minute`;
    return [
      {
        name: "accepted to worker start p99",
        value: Math.max(0, percentile(accepted, 0.99)),
        unit: "ms",
        bar: { at: "most", value: 25 },
        how: `from the API's answer; ${how}`,
      },
      {
        name: "accepted to worker start p50",
        value: Math.max(0, percentile(accepted, 0.5)),
        unit: "ms",
        how: "the same",
      },
      {
        name: "request to worker start p99",
        value: percentile(started, 0.99),
        unit: "ms",
        how: "from before the POST",
      },
      { name: "request to worker start p50", value: percentile(started, 0.5), unit: "ms", how: "the same" },
    ];
  } finally {
    await stack.close();
    await models.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchLongPoll(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-poll-"));
  const credentials = { accessKeyId: "LOCALBENCH", secretAccessKey: "bench-secret-bench-secret" };
  const cloud = await startCloud({
    stateDir: folder,
    stage: "bench",
    credentials: [{ ...credentials, principal: "bench", grants: [{ actions: ["sqs:*"], resources: ["*"] }] }],
  });
  const sqs = new SQSClient({ endpoint: cloud.endpoint, region: "us-east-1", credentials });
  try {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "bench-poll" }));
    const samples: number[] = [];
    for (let count = 0; count < wakes; count += 1) {
      const polling = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
      // Long enough for the poll to be waiting at the queue: what is measured is the waking, not the asking.
      await pause(15);
      const sent = performance.now();
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "wake" }));
      const { Messages } = await polling;
      samples.push(performance.now() - sent);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle }));
    }
    return [
      {
        name: "idle long poll wakes p99",
        value: percentile(samples, 0.99),
        unit: "ms",
        bar: { at: "most", value: 10 },
        how: `${wakes} messages, from before the send to the poll's answer, through the SDK`,
      },
    ];
  } finally {
    sqs.destroy();
    await cloud.close();
    await rm(folder, { recursive: true, force: true });
  }
}
