import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Journal } from "./journal.ts";
import { type Caller, type CloudContext, type Operations, operation, ServiceError } from "./service.ts";
import { type MessageQueue, messageKeys } from "./sqs-queue.ts";

/** Stored under `t/{handle}`. */
interface MoveTask {
  handle: string;
  sourceArn: string;
  destinationArn?: string;
  maxPerSecond?: number;
  status: "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";
  moved: number;
  toMove: number;
  startedAtMs: number;
  failureReason?: string;
}

interface MoveOptions {
  context: CloudContext;
  journal: Journal;
  queueOfArn: (arn: string) => MessageQueue | undefined;
  isDeadLetterQueue: (name: string) => boolean;
}

/** Moving dead letters back to where they came from, or elsewhere. A task goes on after a restart. */
export function createMoveTasks(options: MoveOptions): { operations: Operations; close(): void } {
  const { context, journal, queueOfArn } = options;
  const tasks = new Map<string, MoveTask>();
  let closed = false;

  const save = (task: MoveTask) => {
    tasks.set(task.handle, task);
    return journal.commit([{ key: `t/${task.handle}`, value: { ...task } }]);
  };

  const source = (caller: Caller, action: string, arn: string) => {
    const queue = queueOfArn(arn);
    caller.require(`sqs:${action}`, arn.split(":").at(-1) ?? "");
    if (queue === undefined)
      throw new ServiceError(
        "com.amazonaws.sqs#ResourceNotFoundException",
        "The resource that you specified for the SourceArn parameter doesn't exist.",
        { queryCode: "ResourceNotFoundException", status: 404 },
      );
    return queue;
  };

  const run = async (task: MoveTask) => {
    while (!closed && task.status === "RUNNING") {
      const from = queueOfArn(task.sourceArn);
      const message = from?.firstReady();
      if (from === undefined || message === undefined || task.moved >= task.toMove) {
        task.status = "COMPLETED";
        break;
      }
      const target = queueOfArn(task.destinationArn ?? message.stored.deadLetterSourceArn ?? "");
      if (target === undefined) {
        task.status = "FAILED";
        task.failureReason = "CouldNotDetermineMessageSource";
        break;
      }
      // As on AWS: a new message in its old queue, with a new id, a new time and no receives.
      const { deadLetterSourceArn: _, ...content } = message.stored;
      const stored = { ...content, id: randomUUID(), sentAtMs: context.now() };
      const state = { visibleAtMs: context.now(), receiveCount: 0 };
      const [messageKey, stateKey] = messageKeys(target.name, stored.id);
      task.moved += 1;
      await journal.commit([
        ...from.remove(message),
        { key: messageKey, value: stored },
        { key: stateKey, value: state },
        { key: `t/${task.handle}`, value: { ...task } },
      ]);
      target.add(stored, state);
      if (task.maxPerSecond !== undefined)
        await new Promise((resolve) => setTimeout(resolve, 1000 / (task.maxPerSecond ?? 1)).unref());
    }
    if (closed) return;
    if (task.status === "CANCELLING") task.status = "CANCELLED";
    await save(task);
  };

  const start = (task: MoveTask) => {
    run(task).catch((error: unknown) => context.log(`Moving messages failed: ${String(error)}`));
  };

  for (const [key, value] of journal.entries) {
    if (!key.startsWith("t/")) continue;
    const task = { ...(value as MoveTask) };
    tasks.set(task.handle, task);
    if (task.status === "RUNNING" || task.status === "CANCELLING") start(task);
  }

  const operations: Operations = {
    StartMessageMoveTask: operation(
      z.object({
        SourceArn: z.string(),
        DestinationArn: z.string().optional(),
        MaxNumberOfMessagesPerSecond: z.int().min(1).max(500).optional(),
      }),
      async (input, caller) => {
        const queue = source(caller, "StartMessageMoveTask", input.SourceArn);
        if (input.DestinationArn !== undefined) {
          caller.require("sqs:SendMessage", input.DestinationArn.split(":").at(-1) ?? "");
          if (queueOfArn(input.DestinationArn) === undefined)
            throw new ServiceError(
              "com.amazonaws.sqs#ResourceNotFoundException",
              "The resource that you specified for the DestinationArn parameter doesn't exist.",
              { queryCode: "ResourceNotFoundException", status: 404 },
            );
        }
        if (!options.isDeadLetterQueue(queue.name))
          throw new ServiceError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", {
            queryCode: "InvalidParameterValue",
          });
        for (const task of tasks.values())
          if (task.sourceArn === input.SourceArn && task.status === "RUNNING")
            throw new ServiceError(
              "com.amazonaws.sqs#UnsupportedOperation",
              "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
              { queryCode: "AWS.SimpleQueueService.UnsupportedOperation" },
            );
        const task: MoveTask = {
          handle: Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn: input.SourceArn })).toString("base64"),
          sourceArn: input.SourceArn,
          ...(input.DestinationArn === undefined ? {} : { destinationArn: input.DestinationArn }),
          ...(input.MaxNumberOfMessagesPerSecond === undefined
            ? {}
            : { maxPerSecond: input.MaxNumberOfMessagesPerSecond }),
          status: "RUNNING",
          moved: 0,
          toMove: queue.depth().visible,
          startedAtMs: context.now(),
        };
        await save(task);
        start(task);
        return { TaskHandle: task.handle };
      },
    ),
    ListMessageMoveTasks: operation(
      z.object({ SourceArn: z.string(), MaxResults: z.int().min(1).max(10).optional() }),
      (input, caller) => {
        source(caller, "ListMessageMoveTasks", input.SourceArn);
        const results = [...tasks.values()]
          .filter((task) => task.sourceArn === input.SourceArn)
          .sort((a, b) => b.startedAtMs - a.startedAtMs)
          .slice(0, input.MaxResults ?? 1)
          .map((task) => ({
            ...(task.status === "RUNNING" ? { TaskHandle: task.handle } : {}),
            Status: task.status,
            SourceArn: task.sourceArn,
            DestinationArn: task.destinationArn,
            MaxNumberOfMessagesPerSecond: task.maxPerSecond,
            ApproximateNumberOfMessagesMoved: task.moved,
            ApproximateNumberOfMessagesToMove: task.toMove,
            FailureReason: task.failureReason,
            StartedTimestamp: task.startedAtMs,
          }));
        return { Results: results };
      },
    ),
    CancelMessageMoveTask: operation(z.object({ TaskHandle: z.string() }), async (input, caller) => {
      const task = tasks.get(input.TaskHandle);
      caller.require("sqs:CancelMessageMoveTask", task?.sourceArn.split(":").at(-1) ?? "*");
      if (task === undefined || task.status !== "RUNNING")
        throw new ServiceError("com.amazonaws.sqs#ResourceNotFoundException", "Task does not exist or has ended.", {
          queryCode: "ResourceNotFoundException",
          status: 404,
        });
      task.status = "CANCELLING";
      await save(task);
      return { ApproximateNumberOfMessagesMoved: task.moved };
    }),
  };
  return {
    operations,
    close: () => {
      closed = true;
    },
  };
}
