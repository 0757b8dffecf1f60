import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type LaneMessage, laneMessageSchema } from "@steward/contracts/job";
import { type Lane, laneQueue, resourceNames } from "@steward/contracts/names";
import { fullJitterMs } from "@steward/node-client/backoff";
import type { Clock } from "@steward/node-client/clock";
import { describeError, type Log } from "@steward/node-client/log";
import { afterMessage, choosePolls, firstTurn } from "./choose-polls.ts";
import type { JobEnd } from "./run-job.ts";
import type { Slots } from "./slots.ts";

/** Lanes that this worker serves, shortest first. */
export const servedLanes = ["express", "standard"] as const satisfies readonly Lane[];
export type ServedLane = (typeof servedLanes)[number];
export type LaneUrls = Record<ServedLane, string>;

export async function findLaneUrls(sqs: SQSClient, stage: string): Promise<LaneUrls> {
  const names = resourceNames(stage);
  const url = async (lane: ServedLane) => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue(laneQueue(lane)) }));
    if (QueueUrl === undefined) throw new Error(`the queue of the lane ${lane} has no URL`);
    return QueueUrl;
  };
  return { express: await url("express"), standard: await url("standard") };
}

export interface PullOptions {
  sqs: SQSClient;
  urls: LaneUrls;
  slots: Slots;
  /** Whether messages may be received now: a model is there and the worker is not draining. */
  ready: () => boolean;
  run: (lane: ServedLane, message: LaneMessage, onLease: (leaseInMs: number) => void) => Promise<JobEnd>;
  clock: Clock;
  random: () => number;
  log: Log;
  /** The process ends. Only this aborts a receive: on AWS that can hide a message for its whole visibility timeout. */
  stop: AbortSignal;
}

export interface Pull {
  /** Something has changed (a slot, the model): begin the receives that are due. */
  pump(): void;
  /** Lanes with a receive outstanding. */
  polling(): ReadonlySet<Lane>;
  /** Messages that are worked on. */
  handling(): number;
  /** Resolves when none is, deletion of the message included. */
  settled(): Promise<void>;
}

export function createPull(options: PullOptions): Pull {
  const { sqs, urls, slots, clock, random, log, stop } = options;
  const polling = new Set<Lane>();
  const failures = new Map<Lane, number>();
  const handling = new Set<Promise<void>>();
  let state = firstTurn;

  function pump(): void {
    if (stop.aborted || !options.ready()) return;
    const chosen = choosePolls({ lanes: servedLanes, polling, freeSlots: slots.free(), state });
    state = chosen.state;
    for (const { lane, waitSeconds } of chosen.polls) {
      const served = servedLanes.find((one) => one === lane);
      const slot = slots.reserveSlot();
      if (!slot || !served) return;
      polling.add(lane);
      void pollOnce(served, waitSeconds)
        .then(async (message) => {
          polling.delete(lane);
          if (!message) return;
          state = afterMessage(state);
          slots.markSlotUsed(slot);
          pump();
          const work = handle(served, message);
          handling.add(work);
          await work.finally(() => handling.delete(work));
        })
        .catch((error: unknown) => log("job.failed", { lane, error: describeError(error) }))
        .finally(() => {
          polling.delete(lane);
          slots.releaseSlot(slot);
          pump();
        });
    }
  }

  async function pollOnce(lane: ServedLane, waitSeconds: number): Promise<Message | undefined> {
    try {
      const answer = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: urls[lane], MaxNumberOfMessages: 1, WaitTimeSeconds: waitSeconds }),
        { abortSignal: stop },
      );
      if ((failures.get(lane) ?? 0) > 0) log("lane.answers_again", { lane });
      failures.set(lane, 0);
      return answer.Messages?.[0];
    } catch (error) {
      if (stop.aborted) return undefined;
      const count = (failures.get(lane) ?? 0) + 1;
      failures.set(lane, count);
      if (count === 1) log("lane.unreachable", { lane, error: describeError(error) });
      await clock.sleep(fullJitterMs({ failures: count, baseMs: 250, capMs: 30_000, random }), stop);
      return undefined;
    }
  }

  async function handle(lane: ServedLane, message: Message): Promise<void> {
    const receipt = { QueueUrl: urls[lane], ReceiptHandle: message.ReceiptHandle };
    const hide = async (seconds: number) => {
      try {
        await sqs.send(new ChangeMessageVisibilityCommand({ ...receipt, VisibilityTimeout: seconds }));
      } catch (error) {
        // The message is only a pointer: seen twice, its claim is refused.
        log("message.visibility_not_changed", { lane, error: describeError(error) });
      }
    };
    const parsed = laneMessageSchema.safeParse(parseJson(message.Body));
    if (!parsed.success) {
      // Left to the queue's own receive count, which moves it to the dead letters, where somebody can read it.
      log("message.unreadable", { lane, messageId: message.MessageId });
      return;
    }
    if (!options.ready()) return hide(0);
    const end = await options.run(lane, parsed.data, (leaseInMs) => void hide(Math.ceil(leaseInMs / 1000) + 1));
    log("job.ended", { lane, jobId: parsed.data.jobId, ...end });
    if (end.type === "left") return;
    try {
      await sqs.send(new DeleteMessageCommand(receipt));
    } catch (error) {
      log("message.not_deleted", { lane, jobId: parsed.data.jobId, error: describeError(error) });
    }
  }

  return {
    pump,
    polling: () => polling,
    handling: () => handling.size,
    async settled() {
      while (handling.size > 0) await Promise.allSettled(handling);
    },
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
