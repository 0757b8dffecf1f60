import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { LaneMessage } from "@steward/contracts/job";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import {
  afterJob,
  afterMessage,
  afterNothing,
  choosePolls,
  firstTurn,
  type Poll,
  type PullQueue,
  pullQueues,
} from "./choose-polls.ts";
import { isGone, type QueueUrls } from "./find-queues.ts";
import { readMessage } from "./read-message.ts";
import type { JobEnd } from "./run-job.ts";
import type { Slot, Slots } from "./slots.ts";

export interface PullOptions {
  sqs: SQSClient;
  /** Looked at before every receive: the own queue may come and go. One that is absent is not asked. */
  urls: Partial<QueueUrls>;
  slots: Slots;
  /** Whether messages of this queue may be received now: a model for it is there and the worker is not draining. */
  serves: (queue: PullQueue) => boolean;
  run: (queue: PullQueue, message: LaneMessage, on: RunEvents) => Promise<JobEnd>;
  /** A queue is not there any more. */
  onGone?: (queue: PullQueue) => void;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The process ends. Only this aborts a receive: on AWS that can hide a message for its whole visibility timeout. */
  stop: AbortSignal;
}

export interface RunEvents {
  onLease: (leaseInMs: number) => void;
  /** The model has answered: it could do another job while the server is told. */
  onAnswered: () => void;
}

export interface Pull {
  /** Something has changed (slots, models, queues): begin the receives that are due. */
  pump(): void;
  /** Queues with a receive outstanding. */
  polling(): ReadonlySet<PullQueue>;
  /** Messages that are worked on. */
  handling(): number;
  /** Resolves when none is, deletion of the message included. */
  settled(): Promise<void>;
  /** Resolves when no receive is outstanding either. Only where no more are begun: nothing is served any more. */
  quiet(): Promise<void>;
}

export function createPull(options: PullOptions): Pull {
  const { sqs, urls, slots, clock, random, log, stop } = options;
  const polling = new Set<PullQueue>();
  const failures = new Map<PullQueue, number>();
  /** Failed a moment ago, and left alone for a moment. That holds no slot: the other queues have it meanwhile. */
  const resting = new Set<PullQueue>();
  /** Said once of each. What is here has a hundred receives to live. */
  const unreadable = new Set<string | undefined>();
  const handling = new Set<Promise<void>>();
  const receiving = new Set<Promise<void>>();
  /** Jobs whose answer the server is being told beside the slots, which are free for others. */
  let telling = 0;
  let state = firstTurn;

  function pump(): void {
    if (stop.aborted) return;
    const queues = pullQueues.filter(
      (queue) => urls[queue] !== undefined && !resting.has(queue) && options.serves(queue),
    );
    const nowMs = clock.monotonicMs();
    const chosen = choosePolls({ queues, polling, freeSlots: slots.free(), usedSlots: slots.used(), nowMs, state });
    state = chosen.state;
    for (const poll of chosen.polls) {
      const slot = slots.reserveSlot();
      if (!slot) return;
      polling.add(poll.queue);
      void pull(poll, slot).catch((error: unknown) =>
        log("job.failed", { queue: poll.queue, error: describeError(error) }),
      );
    }
  }

  /** One receive, and what comes of it until the slot is free again. */
  async function pull(poll: Poll, slot: Slot): Promise<void> {
    const { queue } = poll;
    try {
      const url = urls[queue];
      const message = url === undefined ? undefined : await track(receiving, receive(url, poll));
      polling.delete(queue);
      if (!message || url === undefined) return;
      state = afterMessage(state, queue);
      slots.markSlotUsed(slot);
      pump();
      const free = Promise.withResolvers<void>();
      void track(handling, handle(queue, url, message, free.resolve))
        .catch((error: unknown) => log("job.failed", { queue, error: describeError(error) }))
        .finally(free.resolve);
      await free.promise;
      state = afterJob(state);
    } finally {
      polling.delete(queue);
      slots.releaseSlot(slot);
      pump();
    }
  }

  async function receive(url: string, poll: Poll): Promise<Message | undefined> {
    const { queue, waitSeconds } = poll;
    try {
      const answer = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 1, WaitTimeSeconds: waitSeconds }),
        { abortSignal: stop },
      );
      if ((failures.get(queue) ?? 0) > 0) log("queue.answers_again", { queue });
      failures.set(queue, 0);
      const message = answer.Messages?.[0];
      if (message === undefined) state = afterNothing(state, poll, clock.monotonicMs());
      return message;
    } catch (error) {
      if (stop.aborted) return undefined;
      rest(queue, error);
      return undefined;
    }
  }

  function rest(queue: PullQueue, error: unknown): void {
    const count = (failures.get(queue) ?? 0) + 1;
    failures.set(queue, count);
    if (count === 1) log("queue.unreachable", { queue, error: describeError(error) });
    resting.add(queue);
    if (isGone(error)) options.onGone?.(queue);
    void clock.sleep(fullJitterMs({ failures: count, baseMs: 250, capMs: 30_000, random }), stop).then(() => {
      resting.delete(queue);
      pump();
    });
  }

  /**
   * `onFree` is called as soon as the slot can serve another: the model has answered. The answer is told, and the message
   * deleted, beside the next job. At most as many answers as there are slots are on their way so; while the server takes
   * none, the slots wait for it.
   */
  async function handle(queue: PullQueue, url: string, message: Message, onFree: () => void): Promise<void> {
    const receipt = { QueueUrl: url, ReceiptHandle: message.ReceiptHandle };
    const hide = async (seconds: number) => {
      try {
        await sqs.send(new ChangeMessageVisibilityCommand({ ...receipt, VisibilityTimeout: seconds }));
      } catch (error) {
        // The message is only a pointer: seen twice, its claim is refused.
        log("message.visibility_not_changed", { queue, error: describeError(error) });
      }
    };
    const read = readMessage(message.Body);
    if (read.kind !== "message") {
      if (!unreadable.has(message.MessageId)) log("message.unreadable", { queue, messageId: message.MessageId });
      if (unreadable.size >= 1_000) unreadable.clear();
      unreadable.add(message.MessageId);
      // The queue's own receive count moves it to the dead letters, where somebody can read it. Put back at once it is
      // there within seconds; left hidden it would cost a slot a look for most of an hour.
      return read.kind === "poison" ? hide(0) : undefined;
    }
    // What has changed since the receive was sent: somebody else may have the message at once.
    if (!options.serves(queue)) return hide(0);
    let beside = false;
    const end = await options
      .run(queue, read.message, {
        onLease: (leaseInMs) => void hide(Math.ceil(leaseInMs / 1000) + 1),
        onAnswered: () => {
          if (beside || telling >= slots.total) return;
          beside = true;
          telling += 1;
          onFree();
        },
      })
      .finally(() => {
        if (beside) telling -= 1;
      });
    log("job.ended", { queue, jobId: read.message.jobId, ...end });
    onFree();
    if (end.type === "left") return end.shutOut === true ? hide(0) : undefined;
    try {
      await sqs.send(new DeleteMessageCommand(receipt));
    } catch (error) {
      log("message.not_deleted", { queue, jobId: read.message.jobId, error: describeError(error) });
    }
  }

  return {
    pump,
    polling: () => polling,
    handling: () => handling.size,
    async settled() {
      while (handling.size > 0) await Promise.allSettled(handling);
    },
    async quiet() {
      while (receiving.size + handling.size > 0) await Promise.allSettled([...receiving, ...handling]);
    },
  };
}

/** In the set while it goes on. */
function track<T>(set: Set<Promise<void>>, work: Promise<T>): Promise<T> {
  const ended = work.then(
    () => undefined,
    () => undefined,
  );
  set.add(ended);
  void ended.then(() => set.delete(ended));
  return work;
}
