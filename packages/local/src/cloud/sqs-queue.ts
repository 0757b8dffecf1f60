import { randomUUID } from "node:crypto";
import { type Deadline, DeadlineHeap } from "./deadline-heap.ts";
import type { Change } from "./journal.ts";

/** What of a message never changes. Stored under `m/{queue}/{id}`. */
export interface StoredMessage {
  id: string;
  body: string;
  md5: string;
  attributes?: Record<string, MessageAttribute>;
  attributesMd5?: string;
  groupId?: string;
  traceHeader?: string;
  senderId: string;
  sentAtMs: number;
  /** ARN of the queue that gave the message up, in a dead-letter queue. */
  deadLetterSourceArn?: string;
}

export interface MessageAttribute {
  DataType: string;
  StringValue?: string | undefined;
  BinaryValue?: string | undefined;
}

/** What of a message changes with every receive. Stored under `s/{queue}/{id}`. */
export interface MessageState {
  visibleAtMs: number;
  receiveCount: number;
  firstReceivedAtMs?: number;
  lastReceivedAtMs?: number;
  /** Names the latest receive: older receipt handles no longer delete. */
  receipt?: string;
}

export interface QueueMessage {
  stored: StoredMessage;
  state: MessageState;
  phase: "ready" | "delayed" | "inflight" | "gone";
  /** Raised whenever the state changes, so that an old deadline is known as such. */
  version: number;
}

export interface QueueSettings {
  visibilityTimeoutSeconds: number;
  retentionSeconds: number;
  redrive: { deadLetterQueue: string; maxReceiveCount: number } | undefined;
}

interface Waiter {
  maxMessages: number;
  visibilityTimeoutSeconds: number;
  resolve: (messages: QueueMessage[]) => void;
  timer: NodeJS.Timeout | undefined;
}

export interface QueueOptions {
  name: string;
  settings: QueueSettings;
  now: () => number;
  /** Writes changes so that they outlive the process; called before a message is handed out. */
  write: (changes: Change[]) => Promise<void>;
  /** Takes a message that was received too often. */
  deadLetter: (message: QueueMessage, to: string) => boolean;
}

/**
 * One standard queue in memory: who may be received now, who later, and who waits for a message. Every change is
 * journalled by the caller's functions; nothing here does I/O of its own.
 */
export class MessageQueue {
  settings: QueueSettings;
  private readonly options: QueueOptions;
  private readonly messages = new Map<string, QueueMessage>();
  private readonly ready = new Set<QueueMessage>();
  private readonly counts = { ready: 0, delayed: 0, inflight: 0, gone: 0 };
  private readonly visibility = new DeadlineHeap<QueueMessage>();
  private readonly retention = new DeadlineHeap<QueueMessage>();
  private readonly waiters: Waiter[] = [];
  private timer: NodeJS.Timeout | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;

  constructor(options: QueueOptions) {
    this.options = options;
    this.settings = options.settings;
  }

  get name(): string {
    return this.options.name;
  }

  /** Puts a message in whose journal entry is already safe, and wakes who waits for it. */
  add(stored: StoredMessage, state: MessageState): void {
    const message: QueueMessage = { stored, state, phase: "gone", version: 0 };
    this.messages.set(stored.id, message);
    this.retention.push({ atMs: this.expiryOf(stored), item: message, version: 0 });
    this.place(message);
    this.pump();
    this.arm();
  }

  /**
   * Up to `maxMessages`, hidden from now on. Waits for the first one as long as `waitMs` says. The wait is not ended by
   * the caller's going away: as on AWS, a message may then go to nobody and come back after its visibility timeout.
   */
  receive(options: { maxMessages: number; visibilityTimeoutSeconds: number; waitMs: number }): Promise<QueueMessage[]> {
    this.settle();
    const taken = this.waiters.length === 0 ? this.take(options.maxMessages, options.visibilityTimeoutSeconds) : [];
    if (taken.length > 0 || options.waitMs === 0) return this.persisted(taken);
    return new Promise<QueueMessage[]>((resolve) => {
      const waiter: Waiter = { ...options, resolve, timer: undefined };
      waiter.timer = setTimeout(() => {
        const place = this.waiters.indexOf(waiter);
        if (place >= 0) this.waiters.splice(place, 1);
        resolve([]);
      }, options.waitMs);
      this.waiters.push(waiter);
    }).then((messages) => this.persisted(messages));
  }

  find(id: string): QueueMessage | undefined {
    this.settle();
    return this.messages.get(id);
  }

  /** Forgets a message; the changes to journal. */
  remove(message: QueueMessage): Change[] {
    this.leave(message);
    this.messages.delete(message.stored.id);
    return messageKeys(this.name, message.stored.id).map((key) => ({ key }));
  }

  /** Hides a message for so long from now on (0: gives it back); the changes to journal. */
  hide(message: QueueMessage, seconds: number): Change[] {
    message.state = { ...message.state, visibleAtMs: this.options.now() + seconds * 1000 };
    this.place(message);
    this.pump();
    this.arm();
    return [{ key: stateKey(this.name, message.stored.id), value: message.state }];
  }

  clear(): Change[] {
    return [...this.messages.values()].flatMap((message) => this.remove(message));
  }

  /** The oldest message that can be received now, without receiving it. */
  firstReady(): QueueMessage | undefined {
    this.settle();
    for (const message of this.ready) return message;
    return undefined;
  }

  depth(): { visible: number; delayed: number; inFlight: number } {
    this.settle();
    return { visible: this.counts.ready, delayed: this.counts.delayed, inFlight: this.counts.inflight };
  }

  /** Ends all waits and timers. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const waiter of this.waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.resolve([]);
    }
  }

  private async persisted(messages: QueueMessage[]): Promise<QueueMessage[]> {
    if (messages.length === 0) return messages;
    await this.options.write(
      messages.map(({ stored, state }) => ({ key: stateKey(this.name, stored.id), value: state })),
    );
    return messages;
  }

  private take(maxMessages: number, visibilityTimeoutSeconds: number): QueueMessage[] {
    const nowMs = this.options.now();
    const taken: QueueMessage[] = [];
    for (const message of this.ready) {
      if (taken.length === maxMessages) break;
      const redrive = this.settings.redrive;
      if (redrive !== undefined && message.state.receiveCount >= redrive.maxReceiveCount) {
        if (this.options.deadLetter(message, redrive.deadLetterQueue)) continue;
      }
      message.state = {
        visibleAtMs: nowMs + visibilityTimeoutSeconds * 1000,
        receiveCount: message.state.receiveCount + 1,
        firstReceivedAtMs: message.state.firstReceivedAtMs ?? nowMs,
        lastReceivedAtMs: nowMs,
        receipt: randomUUID(),
      };
      taken.push(message);
    }
    // Copies: with a visibility timeout of 0 somebody else may receive it before this receive is answered.
    const copies = taken.map((message) => ({ ...message }));
    for (const message of taken) this.place(message);
    if (taken.length > 0) this.arm();
    return copies;
  }

  private pump(): void {
    while (this.waiters.length > 0 && this.ready.size > 0) {
      const waiter = this.waiters[0];
      if (waiter === undefined) return;
      const taken = this.take(waiter.maxMessages, waiter.visibilityTimeoutSeconds);
      if (taken.length === 0) return;
      this.waiters.shift();
      clearTimeout(waiter.timer);
      waiter.resolve(taken);
    }
  }

  /** Puts a message where its state says. */
  private place(message: QueueMessage): void {
    this.leave(message);
    message.version += 1;
    const hidden = message.state.visibleAtMs > this.options.now();
    message.phase = !hidden ? "ready" : message.state.receiveCount === 0 ? "delayed" : "inflight";
    this.counts[message.phase] += 1;
    if (hidden) this.visibility.push({ atMs: message.state.visibleAtMs, item: message, version: message.version });
    else this.ready.add(message);
  }

  private leave(message: QueueMessage): void {
    if (message.phase !== "gone") this.counts[message.phase] -= 1;
    if (message.phase === "ready") this.ready.delete(message);
    message.phase = "gone";
  }

  /** Lets time take effect: hidden messages come back, old ones go. */
  private settle(): void {
    const nowMs = this.options.now();
    const stale = ({ item, version }: Deadline<QueueMessage>) => item.phase === "gone" || item.version !== version;
    for (let due = this.visibility.popDue(nowMs, stale); due !== undefined; due = this.visibility.popDue(nowMs, stale))
      this.place(due.item);
    const expired: Change[] = [];
    const removed = ({ item }: Deadline<QueueMessage>) => item.phase === "gone";
    for (
      let due = this.retention.popDue(nowMs, removed);
      due !== undefined;
      due = this.retention.popDue(nowMs, removed)
    ) {
      // The period may have been changed since.
      const atMs = this.expiryOf(due.item.stored);
      if (atMs > nowMs) this.retention.push({ atMs, item: due.item, version: 0 });
      else expired.push(...this.remove(due.item));
    }
    // If this write fails the journal is broken and says so to everybody.
    if (expired.length > 0) this.options.write(expired).catch(() => undefined);
  }

  /** After a change of the retention period. */
  reschedule(): void {
    this.retention.clear();
    for (const message of this.messages.values())
      this.retention.push({ atMs: this.expiryOf(message.stored), item: message, version: 0 });
    this.settle();
    this.arm();
  }

  private expiryOf(stored: StoredMessage): number {
    return stored.sentAtMs + this.settings.retentionSeconds * 1000;
  }

  private arm(): void {
    const atMs = Math.min(this.visibility.nextAtMs(), this.retention.nextAtMs());
    if (atMs === this.timerAtMs && this.timer !== undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.timerAtMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) return;
    // A timer's longest wait is 2^31 ms; an early wake-up only looks again.
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.settle();
        this.pump();
        this.arm();
      },
      Math.min(Math.max(atMs - this.options.now(), 1), 2 ** 31 - 1),
    );
    this.timer.unref();
  }
}

export function messageKeys(queue: string, id: string): [string, string] {
  return [`m/${queue}/${id}`, stateKey(queue, id)];
}

function stateKey(queue: string, id: string): string {
  return `s/${queue}/${id}`;
}
