import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
} from "@aws-sdk/client-sqs";
import { createSqs } from "@steward/aws/clients/sqs";
import { type QueueName, resourceNames } from "@steward/contracts/names";
import {
  entryUrl,
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { failedIn, settleBatch, sqsEvent } from "@steward/local/host/queue-sources";
import type { SQSEvent } from "aws-lambda";
import type { InProcessCloud } from "./in-process-cloud.ts";
import type { FleetMeter } from "./meter.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Between a message's being sent and its function's start. */
const wayMs = 200;
/** Functions that run while nobody asks for anything, beside those of queues: what the fleet itself is worked on by. */
const scheduled = ["sweep", "reconcile"] as const satisfies FunctionName[];
/** Not at the full minute: two schedules of AWS do not start together either. */
const scheduleOffsetMs = 7_000;

export interface Lambda {
  invoke<Result>(name: FunctionName, event: unknown): Promise<Result>;
  /** Sweeps, reconciles, and takes what lies in the queues, all in virtual time. */
  startSchedules(untilMs: number): void;
  /** Hears of every batch that a function of a queue was given, once it has worked on it. */
  onBatch(listener: (name: FunctionName, event: SQSEvent) => Promise<void>): void;
}

/** Lambda's part: the functions' own entry points, with one environment, at the times of the virtual clock. */
export async function hostFunctions(options: {
  cloud: InProcessCloud;
  clock: VirtualClock;
  meter: FleetMeter;
}): Promise<Lambda> {
  const { cloud, clock, meter } = options;
  const names = resourceNames(cloud.stage);
  const handlers = new Map<FunctionName, (event: unknown) => Promise<unknown>>();
  const handlerOf = async (name: FunctionName) => {
    const known = handlers.get(name);
    if (known !== undefined) return known;
    const { handler } = (await import(entryUrl(name).href)) as { handler: (event: unknown) => Promise<unknown> };
    handlers.set(name, handler);
    return handler;
  };
  // Loaded ahead: a module that loads in the middle of a minute would hold the clock for nothing.
  for (const name of ["heartbeat", ...scheduled] as const) await handlerOf(name);
  const invoke = async <Result>(name: FunctionName, event: unknown): Promise<Result> => {
    const handler = await handlerOf(name);
    meter.invoked(name);
    return (await cloud.as(name, () => handler(event))) as Result;
  };
  let heard: (name: FunctionName, event: SQSEvent) => Promise<void> = async () => {};

  const sqs = createSqs();
  const consumers = new Map(
    functionNames.flatMap((name) => {
      const { trigger, concurrency }: FunctionDefinition = functionDefinitions[name];
      return trigger.kind === "queue" ? [[names.queue(trigger.queue), { name, concurrency, ...trigger }] as const] : [];
    }),
  );
  const urls = new Map<string, string>();
  const due = new Set<string>();

  const urlOf = async (queueName: string) => {
    const known = urls.get(queueName);
    if (known !== undefined) return known;
    const { QueueUrl = "" } = await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }));
    urls.set(queueName, QueueUrl);
    return QueueUrl;
  };
  const lookAt = (queueName: string, inMs: number) => {
    if (due.has(queueName) || !consumers.has(queueName)) return;
    due.add(queueName);
    clock.at(clock.nowMs() + inMs, () => {
      due.delete(queueName);
      void clock.hold(drain(queueName));
    });
  };

  /** As many batches as the function may work on at one time; the others a moment later. */
  async function drain(queueName: string): Promise<void> {
    const consumer = consumers.get(queueName);
    if (consumer === undefined) return;
    const QueueUrl = await cloud.as("simulation", () => urlOf(queueName));
    const batches: Message[][] = [];
    for (let at = 0; at < consumer.concurrency; at += 1) {
      const { Messages: messages = [] } = await cloud.as("lambda", () =>
        sqs.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: Math.min(10, consumer.batchSize),
            MessageSystemAttributeNames: ["All"],
          }),
        ),
      );
      if (messages.length === 0) break;
      batches.push(messages);
    }
    await Promise.all(batches.map((messages) => workOn(consumer, QueueUrl, messages)));
    const { Attributes: counts = {} } = await cloud.as("simulation", () =>
      sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] })),
    );
    const number = (name: keyof typeof counts) => Number(counts[name] ?? 0);
    if (number("ApproximateNumberOfMessages") > 0) lookAt(queueName, 100);
    else if (number("ApproximateNumberOfMessagesDelayed") + number("ApproximateNumberOfMessagesNotVisible") > 0) {
      lookAt(queueName, 1_000);
    }
  }

  async function workOn(consumer: { name: FunctionName; queue: QueueName }, QueueUrl: string, messages: Message[]) {
    const event = sqsEvent(names.queue(consumer.queue), messages);
    const outcome = await invoke(consumer.name, event).then(
      (result) => ({ kind: "result", result }) as const,
      (error: unknown) => {
        // As on AWS: what it had is shown again, and whoever watches is told.
        process.stderr.write(`fleet: ${consumer.name}: ${String(error)}\n`);
        return { kind: "failed", error: String(error) } as const;
      },
    );
    await cloud.as("lambda", () => settleBatch(sqs, QueueUrl, messages, failedIn(outcome, messages)));
    await heard(consumer.name, event);
  }

  cloud.onSend((queueName) => lookAt(queueName, wayMs));
  return {
    invoke,
    onBatch: (listener) => void (heard = listener),
    startSchedules(untilMs) {
      scheduled.forEach((name, place) => {
        const everyMs = functionDefinitions[name].trigger.everySeconds * 1_000;
        const run = (atMs: number) => {
          if (atMs > untilMs) return;
          clock.at(atMs, () => {
            void clock.hold(invoke(name, {}));
            run(atMs + everyMs);
          });
        };
        run(clock.nowMs() + scheduleOffsetMs * (place + 1));
      });
    },
  };
}
