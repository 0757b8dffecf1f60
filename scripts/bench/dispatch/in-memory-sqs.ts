import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { Chance } from "../../../packages/core/test/simulation/scheduler.ts";
import type { VirtualTime } from "./virtual-time.ts";

interface Message {
  body: string;
  /** Of the newest receive. */
  handle: string;
  hiddenUntilMs: number;
  isDeleted: boolean;
}
interface Poller {
  answer: (message: Message | undefined) => void;
}
interface Queue {
  visible: Message[];
  pollers: Poller[];
}

/** One way of a call, so that everything that the worker asks of SQS takes twice as long. */
const wayMs = 5;
const visibilityTimeoutMs = 30_000;
/** A receive that does not wait asks only some of SQS's servers: so often it finds nothing where there is something. */
const shortPollMisses = 0.1;

/**
 * What SQS does, on a virtual clock, behind the client's `send`: receives of one message that wait and are woken, messages
 * that are hidden and come back. The worker's own code is on the other side of it.
 */
export function createInMemorySqs(time: VirtualTime, chance: Chance) {
  const queues = new Map<string, Queue>();
  const inFlight = new Map<string, { message: Message; queue: Queue }>();
  let handles = 0;

  function queueOf(url: string): Queue {
    let queue = queues.get(url);
    if (queue === undefined) queues.set(url, (queue = { visible: [], pollers: [] }));
    return queue;
  }

  function hide(message: Message, queue: Queue, forMs: number): void {
    message.hiddenUntilMs = time.monotonicMs() + forMs;
    const { handle, hiddenUntilMs } = message;
    time.at(hiddenUntilMs, () => {
      // Deleted, received again, or hidden for longer since.
      if (message.isDeleted || message.handle !== handle || message.hiddenUntilMs !== hiddenUntilMs) return;
      inFlight.delete(handle);
      arrive(queue, message);
    });
  }

  function handOut(queue: Queue, message: Message, poller: Poller): void {
    handles += 1;
    message.handle = `h${handles}`;
    inFlight.set(message.handle, { message, queue });
    hide(message, queue, visibilityTimeoutMs);
    poller.answer(message);
  }

  function arrive(queue: Queue, message: Message): void {
    const poller = queue.pollers.splice(Math.floor(chance.next() * queue.pollers.length), 1)[0];
    if (poller === undefined) queue.visible.push(message);
    else handOut(queue, message, poller);
  }

  function receive(url: string, waitSeconds: number, answer: Poller["answer"]): void {
    const queue = queueOf(url);
    const poller = { answer };
    const misses = waitSeconds === 0 && chance.happens(shortPollMisses);
    const message = misses ? undefined : queue.visible.shift();
    if (message !== undefined) return handOut(queue, message, poller);
    if (waitSeconds === 0) return answer(undefined);
    queue.pollers.push(poller);
    time.in(waitSeconds * 1_000, () => {
      const at = queue.pollers.indexOf(poller);
      if (at < 0) return;
      queue.pollers.splice(at, 1);
      answer(undefined);
    });
  }

  function serve(command: unknown, answer: (reply: object) => void): void {
    if (command instanceof ReceiveMessageCommand) {
      const { QueueUrl = "", WaitTimeSeconds = 0 } = command.input;
      return receive(QueueUrl, WaitTimeSeconds, (message) =>
        answer(message === undefined ? {} : { Messages: [{ Body: message.body, ReceiptHandle: message.handle }] }),
      );
    }
    if (command instanceof DeleteMessageCommand) {
      const held = inFlight.get(command.input.ReceiptHandle ?? "");
      if (held) held.message.isDeleted = true;
      inFlight.delete(command.input.ReceiptHandle ?? "");
    } else if (command instanceof ChangeMessageVisibilityCommand) {
      const held = inFlight.get(command.input.ReceiptHandle ?? "");
      if (held) hide(held.message, held.queue, (command.input.VisibilityTimeout ?? 0) * 1_000);
    } else throw new Error("the worker calls something of SQS that the bench does not know");
    answer({});
  }

  const send = (command: unknown) =>
    new Promise<object>((resolve) => {
      time.in(wayMs, () => serve(command, (reply) => time.in(wayMs, () => resolve(reply))));
    });
  return {
    client: { send } as unknown as SQSClient,
    put(url: string, body: string) {
      arrive(queueOf(url), { body, handle: "", hiddenUntilMs: 0, isDeleted: false });
    },
  };
}
