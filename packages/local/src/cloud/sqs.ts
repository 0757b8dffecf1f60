import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import type { Change, Journal } from "./journal.ts";
import { type Caller, type CloudContext, type Operations, operation, page, ServiceError } from "./service.ts";
import {
  attributeMap,
  checkAttributes,
  checkBatch,
  checkContent,
  defaultAttributes,
  inRange,
  invalidParameter,
  knownAttributes,
  maxHiddenSeconds,
  maxInFlight,
  maxMessageBytes,
  messageGroupPattern,
  noSuchQueue,
  sendFields,
  settingsOf,
  sizeOf,
  unsupported,
  type QueueRecord,
  type SendEntry,
} from "./sqs-checks.ts";
import { md5OfAttributes } from "./sqs-md5.ts";
import { createMoveTasks } from "./sqs-move.ts";
import { type MessageState, MessageQueue, messageKeys, type QueueMessage, type StoredMessage } from "./sqs-queue.ts";

export interface Sqs {
  operations: Operations;
  /** Creates the queue unless it is there, and sets the attributes that differ. For the stage's own queues. */
  ensureQueue(name: string, attributes: Record<string, string>): Promise<void>;
  arnOf(name: string): string;
  close(): void;
}

/** SQS standard queues, journalled. A message is visible once it is on disk, and acknowledged when it is visible. */
export function createSqs(context: CloudContext, journal: Journal): Sqs {
  const queues = new Map<string, { queue: MessageQueue; record: QueueRecord }>();

  const arnOf = (name: string) => `arn:aws:sqs:${context.region}:${context.accountId}:${name}`;
  const urlOf = (name: string) => `${context.endpoint()}/${context.accountId}/${name}`;

  const open = (name: string, record: QueueRecord): MessageQueue => {
    const queue = new MessageQueue({
      name,
      settings: settingsOf(record),
      now: context.now,
      write: (changes) => journal.write(changes),
      deadLetter: (message, to) => {
        const target = queues.get(to);
        if (target === undefined) return false;
        const stored = { ...message.stored, deadLetterSourceArn: arnOf(name) };
        const { receipt: _, ...counted } = message.state;
        const state = { ...counted, visibleAtMs: context.now() };
        const [messageKey, stateKey] = messageKeys(to, stored.id);
        // One commit: the message is in exactly one of the two queues at any time.
        journal
          .write([...queue.remove(message), { key: messageKey, value: stored }, { key: stateKey, value: state }])
          .catch((error: unknown) => context.log(String(error)));
        target.queue.add(stored, state);
        return true;
      },
    });
    queues.set(name, { queue, record });
    return queue;
  };

  const find = (name: string) => {
    const found = queues.get(name);
    if (found === undefined) throw noSuchQueue();
    return found;
  };

  /** The queue of a URL, after the caller's right to do this to it. */
  const allowed = (caller: Caller, action: string, url: string) => {
    const name = nameOf(url, context.accountId);
    caller.require(`sqs:${action}`, name);
    return { name, ...find(name) };
  };

  const message = (
    record: QueueRecord,
    entry: SendEntry,
    caller: Caller,
  ): { stored: StoredMessage; state: MessageState } => {
    const nowMs = context.now();
    const attributes = entry.MessageAttributes;
    const size = checkContent(entry);
    const limit = Number(record.attributes.MaximumMessageSize ?? maxMessageBytes);
    if (size > limit)
      throw invalidParameter(
        `One or more parameters are invalid. Reason: Message must be shorter than ${limit} bytes.`,
      );
    if (entry.MessageDeduplicationId !== undefined)
      throw invalidParameter("MessageDeduplicationId is for FIFO queues, which the local cloud does not have.");
    if (entry.MessageGroupId !== undefined && !messageGroupPattern.test(entry.MessageGroupId))
      throw invalidParameter("MessageGroupId is 1 to 128 alphanumeric characters and punctuation.");
    if (entry.DelaySeconds !== undefined) inRange("DelaySeconds", entry.DelaySeconds, 0, 900);
    const delaySeconds = entry.DelaySeconds ?? Number(record.attributes.DelaySeconds ?? 0);
    const hasAttributes = attributes !== undefined && Object.keys(attributes).length > 0;
    const traceHeader = entry.MessageSystemAttributes?.AWSTraceHeader?.StringValue;
    return {
      stored: {
        id: randomUUID(),
        body: entry.MessageBody,
        md5: md5(entry.MessageBody),
        ...(hasAttributes ? { attributes, attributesMd5: md5OfAttributes(attributes) } : {}),
        ...(entry.MessageGroupId === undefined ? {} : { groupId: entry.MessageGroupId }),
        ...(traceHeader === undefined ? {} : { traceHeader }),
        senderId: caller.principal,
        sentAtMs: nowMs,
      },
      state: { visibleAtMs: nowMs + delaySeconds * 1000, receiveCount: 0 },
    };
  };

  const send = async (queue: MessageQueue, messages: { stored: StoredMessage; state: MessageState }[]) => {
    await journal.commit(
      messages.flatMap(({ stored, state }) => {
        const [messageKey, stateKey] = messageKeys(queue.name, stored.id);
        return [
          { key: messageKey, value: stored },
          { key: stateKey, value: state },
        ];
      }),
    );
    for (const { stored, state } of messages) queue.add(stored, state);
  };

  const sent = (stored: StoredMessage) => ({
    MessageId: stored.id,
    MD5OfMessageBody: stored.md5,
    ...(stored.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: stored.attributesMd5 }),
  });

  /** The message of a receipt handle, if the handle is its latest. */
  const received = (name: string, queue: MessageQueue, handle: string) => {
    const [handleQueue, id, receipt] = Buffer.from(handle, "base64url").toString("utf8").split("|");
    if (handleQueue !== name || id === undefined || receipt === undefined)
      throw new ServiceError("com.amazonaws.sqs#ReceiptHandleIsInvalid", `The input receipt handle is invalid.`, {
        queryCode: "ReceiptHandleIsInvalid",
        status: 404,
      });
    const found = queue.find(id);
    return found !== undefined && found.state.receipt === receipt ? found : undefined;
  };

  const remove = (name: string, queue: MessageQueue, handle: string): Change[] => {
    const found = received(name, queue, handle);
    // An older handle, or a message that is gone: AWS answers "done" and deletes nothing.
    return found === undefined ? [] : queue.remove(found);
  };

  const changeVisibility = (name: string, queue: MessageQueue, handle: string, seconds: number): Change[] => {
    const found = received(name, queue, handle);
    if (found === undefined)
      throw invalidParameter(
        `Value ${handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    if (found.phase !== "inflight")
      throw new ServiceError("com.amazonaws.sqs#MessageNotInflight", "The message is not in flight.", {
        queryCode: "AWS.SimpleQueueService.MessageNotInflight",
      });
    if (context.now() + seconds * 1000 > (found.state.lastReceivedAtMs ?? 0) + maxHiddenSeconds * 1000 && seconds > 0)
      throw invalidParameter(
        `Total VisibilityTimeout for the message is beyond the limit [${maxHiddenSeconds} seconds]`,
      );
    return queue.hide(found, seconds);
  };

  const setAttributes = async (name: string, record: QueueRecord, attributes: Record<string, string>) => {
    const next = { ...record, attributes: { ...record.attributes, ...attributes }, modifiedAtMs: context.now() };
    for (const [attribute, value] of Object.entries(attributes)) if (value === "") delete next.attributes[attribute];
    const found = find(name);
    found.record = next;
    found.queue.settings = settingsOf(next);
    found.queue.reschedule();
    await journal.commit([{ key: `q/${name}`, value: next }]);
  };

  const create = async (name: string, attributes: Record<string, string>) => {
    const nowMs = context.now();
    const record = { attributes: { ...defaultAttributes, ...attributes }, createdAtMs: nowMs, modifiedAtMs: nowMs };
    open(name, record);
    await journal.commit([{ key: `q/${name}`, value: record }]);
  };

  const attributesOf = (name: string, queue: MessageQueue, record: QueueRecord): Record<string, string> => {
    const depth = queue.depth();
    return {
      ...record.attributes,
      QueueArn: arnOf(name),
      CreatedTimestamp: String(Math.floor(record.createdAtMs / 1000)),
      LastModifiedTimestamp: String(Math.floor(record.modifiedAtMs / 1000)),
      ApproximateNumberOfMessages: String(depth.visible),
      ApproximateNumberOfMessagesNotVisible: String(depth.inFlight),
      ApproximateNumberOfMessagesDelayed: String(depth.delayed),
    };
  };

  const sourcesOf = (name: string) =>
    [...queues.keys()].filter((source) => queues.get(source)?.queue.settings.redrive?.deadLetterQueue === name);

  const operations: Operations = {
    CreateQueue: operation(
      z.object({ QueueName: z.string(), Attributes: attributeMap, tags: z.unknown().optional() }),
      async (input, caller) => {
        caller.require("sqs:CreateQueue", input.QueueName);
        if (input.QueueName.endsWith(".fifo") || input.Attributes?.FifoQueue !== undefined)
          throw unsupported("The local cloud has standard queues only: use MessageGroupId on a standard queue.");
        if (!/^[A-Za-z0-9_-]{1,80}$/.test(input.QueueName))
          throw invalidParameter(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
          );
        const attributes = checkAttributes(input.Attributes ?? {});
        const existing = queues.get(input.QueueName);
        if (existing === undefined) await create(input.QueueName, attributes);
        else if (Object.entries(attributes).some(([key, value]) => existing.record.attributes[key] !== value))
          throw new ServiceError(
            "com.amazonaws.sqs#QueueNameExists",
            "A queue already exists with the same name and a different value for attribute",
            { queryCode: "QueueAlreadyExists" },
          );
        return { QueueUrl: urlOf(input.QueueName) };
      },
    ),
    DeleteQueue: operation(z.object({ QueueUrl: z.string() }), async (input, caller) => {
      const { name, queue } = allowed(caller, "DeleteQueue", input.QueueUrl);
      queue.close();
      queues.delete(name);
      await journal.commit([...queue.clear(), { key: `q/${name}` }]);
      return {};
    }),
    GetQueueUrl: operation(z.object({ QueueName: z.string() }), (input, caller) => {
      caller.require("sqs:GetQueueUrl", input.QueueName);
      find(input.QueueName);
      return { QueueUrl: urlOf(input.QueueName) };
    }),
    ListQueues: operation(
      z.object({
        QueueNamePrefix: z.string().optional(),
        MaxResults: z.int().optional(),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("sqs:ListQueues", "*");
        const names = [...queues.keys()].filter((name) => name.startsWith(input.QueueNamePrefix ?? "")).sort();
        const { items, nextToken } = page(names, (name) => name, {
          limit: input.MaxResults ?? 1000,
          token: input.NextToken,
          badToken: () => invalidParameter("Invalid or expired next token."),
        });
        return { ...(items.length > 0 ? { QueueUrls: items.map(urlOf) } : {}), NextToken: nextToken };
      },
    ),
    GetQueueAttributes: operation(
      z.object({ QueueUrl: z.string(), AttributeNames: z.array(z.string()).optional() }),
      (input, caller) => {
        const { name, queue, record } = allowed(caller, "GetQueueAttributes", input.QueueUrl);
        const all = attributesOf(name, queue, record);
        const wanted = input.AttributeNames ?? [];
        for (const attribute of wanted)
          if (attribute !== "All" && !knownAttributes.has(attribute))
            throw new ServiceError("com.amazonaws.sqs#InvalidAttributeName", `Unknown Attribute ${attribute}.`, {
              queryCode: "InvalidAttributeName",
            });
        const chosen = Object.entries(all).filter(([key]) => wanted.includes("All") || wanted.includes(key));
        return chosen.length > 0 ? { Attributes: Object.fromEntries(chosen) } : {};
      },
    ),
    SetQueueAttributes: operation(
      z.object({ QueueUrl: z.string(), Attributes: attributeMap }),
      async (input, caller) => {
        const { name, record } = allowed(caller, "SetQueueAttributes", input.QueueUrl);
        await setAttributes(name, record, checkAttributes(input.Attributes ?? {}));
        return {};
      },
    ),
    PurgeQueue: operation(z.object({ QueueUrl: z.string() }), async (input, caller) => {
      const { queue } = allowed(caller, "PurgeQueue", input.QueueUrl);
      await journal.commit(queue.clear());
      return {};
    }),
    SendMessage: operation(z.object({ QueueUrl: z.string(), ...sendFields }), async (input, caller) => {
      const { queue, record } = allowed(caller, "SendMessage", input.QueueUrl);
      const one = message(record, input, caller);
      await send(queue, [one]);
      return sent(one.stored);
    }),
    SendMessageBatch: operation(
      z.object({ QueueUrl: z.string(), Entries: z.array(z.object({ Id: z.string(), ...sendFields })).default([]) }),
      async (input, caller) => {
        const { queue, record } = allowed(caller, "SendMessage", input.QueueUrl);
        checkBatch(input.Entries);
        const totalBytes = input.Entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
        if (totalBytes > maxMessageBytes)
          throw new ServiceError(
            "com.amazonaws.sqs#BatchRequestTooLong",
            `Batch requests cannot be longer than ${maxMessageBytes} bytes. You have sent ${totalBytes} bytes.`,
            { queryCode: "AWS.SimpleQueueService.BatchRequestTooLong" },
          );
        const accepted: { Id: string; stored: StoredMessage; state: MessageState }[] = [];
        const failed = eachEntry(input.Entries, (entry) => {
          accepted.push({ Id: entry.Id, ...message(record, entry, caller) });
        });
        await send(queue, accepted);
        return batchAnswer(
          accepted.map(({ Id, stored }) => ({ Id, ...sent(stored) })),
          failed,
        );
      },
    ),
    ReceiveMessage: operation(
      z.object({
        QueueUrl: z.string(),
        MaxNumberOfMessages: z.int().optional(),
        VisibilityTimeout: z.int().optional(),
        WaitTimeSeconds: z.int().optional(),
        AttributeNames: z.array(z.string()).optional(),
        MessageSystemAttributeNames: z.array(z.string()).optional(),
        MessageAttributeNames: z.array(z.string()).optional(),
      }),
      async (input, caller) => {
        const { name, queue, record } = allowed(caller, "ReceiveMessage", input.QueueUrl);
        const maxMessages = inRange("MaxNumberOfMessages", input.MaxNumberOfMessages ?? 1, 1, 10);
        const hideSeconds = inRange(
          "VisibilityTimeout",
          input.VisibilityTimeout ?? queue.settings.visibilityTimeoutSeconds,
          0,
          maxHiddenSeconds,
        );
        const waitSeconds = inRange(
          "WaitTimeSeconds",
          input.WaitTimeSeconds ?? Number(record.attributes.ReceiveMessageWaitTimeSeconds ?? 0),
          0,
          20,
        );
        if (queue.depth().inFlight + maxMessages > maxInFlight)
          throw new ServiceError("com.amazonaws.sqs#OverLimit", `Too many messages in flight (${maxInFlight}).`, {
            queryCode: "OverLimit",
            status: 403,
          });
        const messages = await queue.receive({
          maxMessages,
          visibilityTimeoutSeconds: hideSeconds,
          waitMs: waitSeconds * 1000,
        });
        if (messages.length === 0) return {};
        const system = [...(input.AttributeNames ?? []), ...(input.MessageSystemAttributeNames ?? [])];
        return { Messages: messages.map((one) => answerOf(name, one, system, input.MessageAttributeNames ?? [])) };
      },
    ),
    DeleteMessage: operation(z.object({ QueueUrl: z.string(), ReceiptHandle: z.string() }), async (input, caller) => {
      const { name, queue } = allowed(caller, "DeleteMessage", input.QueueUrl);
      await journal.commit(remove(name, queue, input.ReceiptHandle));
      return {};
    }),
    DeleteMessageBatch: operation(
      z.object({
        QueueUrl: z.string(),
        Entries: z.array(z.object({ Id: z.string(), ReceiptHandle: z.string() })).default([]),
      }),
      async (input, caller) => {
        const { name, queue } = allowed(caller, "DeleteMessage", input.QueueUrl);
        checkBatch(input.Entries);
        const changes: Change[] = [];
        const successful: { Id: string }[] = [];
        const failed = eachEntry(input.Entries, (entry) => {
          changes.push(...remove(name, queue, entry.ReceiptHandle));
          successful.push({ Id: entry.Id });
        });
        await journal.commit(changes);
        return batchAnswer(successful, failed);
      },
    ),
    ChangeMessageVisibility: operation(
      z.object({ QueueUrl: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: z.int() }),
      async (input, caller) => {
        const { name, queue } = allowed(caller, "ChangeMessageVisibility", input.QueueUrl);
        const seconds = inRange("VisibilityTimeout", input.VisibilityTimeout, 0, maxHiddenSeconds);
        await journal.commit(changeVisibility(name, queue, input.ReceiptHandle, seconds));
        return {};
      },
    ),
    ChangeMessageVisibilityBatch: operation(
      z.object({
        QueueUrl: z.string(),
        Entries: z
          .array(z.object({ Id: z.string(), ReceiptHandle: z.string(), VisibilityTimeout: z.int().default(30) }))
          .default([]),
      }),
      async (input, caller) => {
        const { name, queue } = allowed(caller, "ChangeMessageVisibility", input.QueueUrl);
        checkBatch(input.Entries);
        const changes: Change[] = [];
        const successful: { Id: string }[] = [];
        const failed = eachEntry(input.Entries, (entry) => {
          const seconds = inRange("VisibilityTimeout", entry.VisibilityTimeout, 0, maxHiddenSeconds);
          changes.push(...changeVisibility(name, queue, entry.ReceiptHandle, seconds));
          successful.push({ Id: entry.Id });
        });
        await journal.commit(changes);
        return batchAnswer(successful, failed);
      },
    ),
    ListDeadLetterSourceQueues: operation(z.object({ QueueUrl: z.string() }), (input, caller) => {
      const { name } = allowed(caller, "ListDeadLetterSourceQueues", input.QueueUrl);
      return { queueUrls: sourcesOf(name).map(urlOf) };
    }),
  };

  for (const [key, value] of journal.entries) {
    if (key.startsWith("q/")) open(key.slice(2), value as QueueRecord);
  }
  const stored: { queue: MessageQueue; stored: StoredMessage; state: MessageState }[] = [];
  for (const [key, value] of journal.entries) {
    if (!key.startsWith("m/")) continue;
    const queue = queues.get(key.slice(2, key.lastIndexOf("/")))?.queue;
    const state = journal.entries.get(`s${key.slice(1)}`) as MessageState | undefined;
    if (queue !== undefined && state !== undefined) stored.push({ queue, stored: value as StoredMessage, state });
  }
  stored.sort((a, b) => a.stored.sentAtMs - b.stored.sentAtMs);
  for (const each of stored) each.queue.add(each.stored, each.state);

  const moves = createMoveTasks({
    context,
    journal,
    queueOfArn: (arn) => queues.get(arn.split(":").at(-1) ?? "")?.queue,
    isDeadLetterQueue: (name) => sourcesOf(name).length > 0,
  });
  Object.assign(operations, moves.operations);

  return {
    operations,
    arnOf,
    ensureQueue: async (name, attributes) => {
      const existing = queues.get(name);
      if (existing === undefined) await create(name, attributes);
      else if (Object.entries(attributes).some(([key, value]) => existing.record.attributes[key] !== value))
        await setAttributes(name, existing.record, attributes);
    },
    close: () => {
      moves.close();
      for (const { queue } of queues.values()) queue.close();
    },
  };
}

/** Runs each entry by itself; those that were refused come back as the answer's `Failed`. */
function eachEntry<Entry extends { Id: string }>(entries: Entry[], run: (entry: Entry) => void) {
  const failed: { Id: string; SenderFault: boolean; Code: string; Message: string }[] = [];
  for (const entry of entries) {
    try {
      run(entry);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      failed.push({
        Id: entry.Id,
        SenderFault: true,
        Code: error.queryCode ?? error.code.replace(/^.*#/, ""),
        Message: error.message,
      });
    }
  }
  return failed;
}

function batchAnswer(successful: object[], failed: object[]): object {
  return {
    ...(successful.length > 0 ? { Successful: successful } : {}),
    ...(failed.length > 0 ? { Failed: failed } : {}),
  };
}

function answerOf(queue: string, message: QueueMessage, systemNames: string[], attributeNames: string[]): object {
  const { stored, state } = message;
  const system: Record<string, string | undefined> = {
    SenderId: stored.senderId,
    SentTimestamp: String(stored.sentAtMs),
    ApproximateReceiveCount: String(state.receiveCount),
    ApproximateFirstReceiveTimestamp: String(state.firstReceivedAtMs),
    MessageGroupId: stored.groupId,
    AWSTraceHeader: stored.traceHeader,
    DeadLetterQueueSourceArn: stored.deadLetterSourceArn,
  };
  const chosen = Object.entries(system).filter(
    ([name, value]) => value !== undefined && (systemNames.includes("All") || systemNames.includes(name)),
  );
  const attributes = Object.entries(stored.attributes ?? {}).filter(([name]) =>
    attributeNames.some((wanted) =>
      wanted === "All" || wanted === ".*"
        ? true
        : wanted.endsWith(".*")
          ? name.startsWith(wanted.slice(0, -2))
          : wanted === name,
    ),
  );
  return {
    MessageId: stored.id,
    ReceiptHandle: Buffer.from(`${queue}|${stored.id}|${state.receipt ?? ""}`).toString("base64url"),
    Body: stored.body,
    MD5OfBody: stored.md5,
    ...(chosen.length > 0 ? { Attributes: Object.fromEntries(chosen) } : {}),
    ...(attributes.length > 0
      ? {
          MessageAttributes: Object.fromEntries(attributes),
          MD5OfMessageAttributes: md5OfAttributes(Object.fromEntries(attributes)),
        }
      : {}),
  };
}

function nameOf(url: string, accountId: string): string {
  const match = /^(?:https?:\/\/[^/]+)?\/(\d{12})\/([A-Za-z0-9_-]+)\/?$/.exec(url);
  if (match === null || match[1] !== accountId || match[2] === undefined) throw noSuchQueue();
  return match[2];
}

function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
