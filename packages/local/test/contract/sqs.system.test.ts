import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  type CreateQueueCommandInput,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errorOf, eventually, openTarget, type Target, uniqueName } from "./target.ts";

let target: Target;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

async function queue(Attributes: CreateQueueCommandInput["Attributes"] = {}): Promise<string> {
  const { QueueUrl } = await target.sqs.send(new CreateQueueCommand({ QueueName: uniqueName("q"), Attributes }));
  return QueueUrl ?? "";
}
const send = (QueueUrl: string, MessageBody: string, more = {}) =>
  target.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
async function receive(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) {
  const { Messages } = await target.sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ["All"], ...more }),
  );
  return Messages ?? [];
}
async function receiveOne(QueueUrl: string, more: Partial<ReceiveMessageCommandInput> = {}) {
  const [message] = await receive(QueueUrl, { WaitTimeSeconds: 5, ...more });
  if (message === undefined) throw new Error("No message came");
  return message;
}
async function depth(QueueUrl: string) {
  const { Attributes } = await target.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  return {
    visible: Number(Attributes?.ApproximateNumberOfMessages),
    inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible),
    delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed),
  };
}
async function arn(QueueUrl: string) {
  const { Attributes } = await target.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }),
  );
  return Attributes?.QueueArn ?? "";
}

describe("send and receive", () => {
  test("a message comes with its attributes, group and trace, and is hidden while in flight", async () => {
    const url = await queue();
    await send(url, "hello é 🚀", {
      MessageAttributes: {
        kind: { DataType: "String", StringValue: "job" },
        blob: { DataType: "Binary", BinaryValue: Buffer.from([0, 1, 255]) },
        size: { DataType: "Number.int", StringValue: "12" },
      },
      MessageGroupId: "ten_a",
      MessageSystemAttributes: {
        AWSTraceHeader: { DataType: "String", StringValue: "Root=1-5759e988-bd862e3fe1be46a994272793" },
      },
    });
    // The SDK checks both MD5s by itself.
    const message = await receiveOne(url, { MessageAttributeNames: ["All"] });
    expect(message.Body).toBe("hello é 🚀");
    expect(message.MessageAttributes?.kind?.StringValue).toBe("job");
    expect(message.MessageAttributes?.blob?.BinaryValue).toEqual(new Uint8Array([0, 1, 255]));
    expect(message.MD5OfMessageAttributes).toMatch(/^[0-9a-f]{32}$/);
    expect(message.Attributes).toMatchObject({
      ApproximateReceiveCount: "1",
      MessageGroupId: "ten_a",
      AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
    });
    expect(Number(message.Attributes?.SentTimestamp)).toBeGreaterThan(Date.now() - 60_000);
    expect(await receive(url)).toEqual([]);
    await target.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
    expect(await depth(url)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  test("attributes that were not asked for do not come", async () => {
    const url = await queue();
    await send(url, "x", { MessageAttributes: { a: { DataType: "String", StringValue: "1" } } });
    const message = await receiveOne(url, { MessageSystemAttributeNames: [] });
    expect(message.Attributes).toBeUndefined();
    expect(message.MessageAttributes).toBeUndefined();
  });

  test("an idle long poll wakes within 10 ms of the send", async () => {
    const url = await queue();
    const wakes: number[] = [];
    for (let round = 0; round < 20; round++) {
      const polled = receiveOne(url, { WaitTimeSeconds: 10 });
      await new Promise((resolve) => setTimeout(resolve, 20));
      await send(url, `round ${round}`);
      const sentAtMs = performance.now();
      const message = await polled;
      wakes.push(performance.now() - sentAtMs);
      await target.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
    }
    wakes.sort((a, b) => a - b);
    expect(wakes[Math.floor(wakes.length / 2)]).toBeLessThan(10);
  });

  test("a poll that nobody answers comes back empty after its wait", async () => {
    const url = await queue();
    const startMs = performance.now();
    expect(await receive(url, { WaitTimeSeconds: 1 })).toEqual([]);
    expect(performance.now() - startMs).toBeGreaterThan(900);
  });

  test("waiting polls share messages: each message goes to one", async () => {
    const url = await queue();
    const polls = Array.from({ length: 5 }, () => receive(url, { WaitTimeSeconds: 3, MaxNumberOfMessages: 1 }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all(Array.from({ length: 5 }, (_, index) => send(url, `m${index}`)));
    const bodies = (await Promise.all(polls)).flat().map(({ Body }) => Body ?? "");
    expect(bodies.sort()).toEqual(["m0", "m1", "m2", "m3", "m4"]);
  });

  test("a delayed message is counted as such and comes after its delay", async () => {
    const url = await queue();
    await send(url, "later", { DelaySeconds: 3 });
    expect(await depth(url)).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
    expect(await receive(url)).toEqual([]);
    expect((await receiveOne(url)).Body).toBe("later");
  });

  test("a queue tells the attributes that were asked for", async () => {
    const url = await queue({ MessageRetentionPeriod: "60" });
    await send(url, "x");
    const attributes = await target.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["MessageRetentionPeriod"] }),
    );
    expect(attributes.Attributes).toEqual({ MessageRetentionPeriod: "60" });
    expect((await depth(url)).visible).toBe(1);
  });
});

describe("visibility", () => {
  test("an unanswered message comes back after its timeout, with a higher count and another handle", async () => {
    const url = await queue();
    await send(url, "again");
    const first = await receiveOne(url, { VisibilityTimeout: 1 });
    const second = await receiveOne(url);
    expect(second.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(second.ReceiptHandle).not.toBe(first.ReceiptHandle);
    // The older handle: answered with success, but nothing is deleted.
    await target.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first.ReceiptHandle }));
    expect((await depth(url)).inFlight).toBe(1);
  });

  test("extending keeps it hidden, 0 gives it back at once", async () => {
    const url = await queue();
    await send(url, "mine");
    const message = await receiveOne(url, { VisibilityTimeout: 3 });
    await target.sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: url,
        ReceiptHandle: message.ReceiptHandle,
        VisibilityTimeout: 60,
      }),
    );
    expect(await receive(url, { WaitTimeSeconds: 4 })).toEqual([]);
    const waiting = receiveOne(url, { WaitTimeSeconds: 10 });
    const startMs = performance.now();
    await target.sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0 }),
    );
    expect((await waiting).Body).toBe("mine");
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  test("changing what is not in flight is refused", async () => {
    const url = await queue();
    await send(url, "back");
    const { ReceiptHandle } = await receiveOne(url);
    const change = () =>
      target.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }));
    await change();
    expect((await errorOf(change())).name).toBe("MessageNotInflight");
  });

  test("a poll that was aborted may take a message with it, which comes back after its timeout", async () => {
    const url = await queue({ VisibilityTimeout: "2" });
    const aborted = new AbortController();
    const poll = target.sqs
      .send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 20 }), { abortSignal: aborted.signal })
      .catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    aborted.abort();
    await poll;
    await send(url, "taken along");
    expect(await receive(url)).toEqual([]);
    expect((await depth(url)).inFlight).toBe(1);
    expect((await receiveOne(url)).Attributes?.ApproximateReceiveCount).toBe("2");
  });
});

describe("dead letters", () => {
  async function pair(maxReceiveCount: number) {
    const deadLetters = await queue();
    const url = await queue({
      VisibilityTimeout: "0",
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await arn(deadLetters), maxReceiveCount }),
    });
    return { url, deadLetters };
  }

  test("a message received too often moves, with its id and where it came from", async () => {
    const { url, deadLetters } = await pair(2);
    const { MessageId } = await send(url, "poison", { MessageGroupId: "ten_a" });
    expect((await receiveOne(url)).Attributes?.ApproximateReceiveCount).toBe("1");
    expect((await receiveOne(url)).Attributes?.ApproximateReceiveCount).toBe("2");
    expect(await receive(url)).toEqual([]);
    const dead = await receiveOne(deadLetters);
    expect(dead.MessageId).toBe(MessageId);
    expect(dead.Attributes?.DeadLetterQueueSourceArn).toBe(await arn(url));
    expect(dead.Attributes?.MessageGroupId).toBe("ten_a");
  });

  test("a move task brings dead letters back as new messages, where they may be received as often again", async () => {
    const { url, deadLetters } = await pair(1);
    await send(url, "one");
    await send(url, "two");
    await eventually(async () => {
      await receive(url, { MaxNumberOfMessages: 10 });
      return (await depth(deadLetters)).visible === 2 ? true : undefined;
    });
    const SourceArn = await arn(deadLetters);
    const { TaskHandle } = await target.sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    expect(TaskHandle).toBeTruthy();
    const done = await eventually(async () => {
      const { Results } = await target.sqs.send(new ListMessageMoveTasksCommand({ SourceArn }));
      return Results?.[0]?.Status === "COMPLETED" ? Results[0] : undefined;
    });
    expect(done.ApproximateNumberOfMessagesMoved).toBe(2);
    expect(await depth(deadLetters)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    const back = await receive(url, { MaxNumberOfMessages: 10, VisibilityTimeout: 30 });
    expect(back.map(({ Body }) => Body ?? "").sort()).toEqual(["one", "two"]);
    expect(back[0]?.Attributes?.ApproximateReceiveCount).toBe("1");
  });

  test("a move from a queue that is nobody's dead-letter queue is refused", async () => {
    const SourceArn = await arn(await queue());
    await errorOf(target.sqs.send(new StartMessageMoveTaskCommand({ SourceArn })));
  });
});

describe("batches", () => {
  test("one bad entry fails alone", async () => {
    const url = await queue();
    const { Successful, Failed } = await target.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "good", MessageBody: "fine" },
          { Id: "bad", MessageBody: "not\u0000allowed" },
          { Id: "late", MessageBody: "too late", DelaySeconds: 901 },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(["good"]);
    expect(Failed?.map(({ Id }) => Id)).toEqual(["bad", "late"]);
    expect(Failed?.every(({ SenderFault }) => SenderFault)).toBe(true);
  });

  test("deletes and visibility changes report each entry", async () => {
    const url = await queue();
    await target.sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: Array.from({ length: 10 }, (_, index) => ({ Id: `e${index}`, MessageBody: `b${index}` })),
      }),
    );
    const messages = await receive(url, { MaxNumberOfMessages: 10 });
    expect(messages).toHaveLength(10);
    const changed = await target.sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "ok", ReceiptHandle: messages[0]?.ReceiptHandle, VisibilityTimeout: 60 },
          { Id: "long", ReceiptHandle: messages[1]?.ReceiptHandle, VisibilityTimeout: 43_201 },
        ],
      }),
    );
    expect(changed.Successful?.map(({ Id }) => Id)).toEqual(["ok"]);
    expect(changed.Failed?.map(({ Id }) => Id)).toEqual(["long"]);
    const deleted = await target.sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          ...messages.slice(0, 9).map(({ ReceiptHandle }, index) => ({ Id: `d${index}`, ReceiptHandle })),
          { Id: "nonsense", ReceiptHandle: "nonsense" },
        ],
      }),
    );
    expect(deleted.Successful).toHaveLength(9);
    expect(deleted.Failed?.map(({ Code }) => Code)).toEqual(["ReceiptHandleIsInvalid"]);
    expect(await depth(url)).toEqual({ visible: 0, inFlight: 1, delayed: 0 });
  });

  test.each([
    ["AWS.SimpleQueueService.EmptyBatchRequest", []],
    [
      "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
      [
        { Id: "a", MessageBody: "1" },
        { Id: "a", MessageBody: "2" },
      ],
    ],
    [
      "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
      Array.from({ length: 11 }, (_, index) => ({ Id: `${index}`, MessageBody: "x" })),
    ],
    ["AWS.SimpleQueueService.InvalidBatchEntryId", [{ Id: "not ok", MessageBody: "1" }]],
    [
      "AWS.SimpleQueueService.BatchRequestTooLong",
      Array.from({ length: 3 }, (_, index) => ({ Id: `${index}`, MessageBody: "x".repeat(400_000) })),
    ],
  ])("%s", async (code, Entries) => {
    const QueueUrl = await queue();
    const error = await errorOf(target.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries })));
    expect([error.name, error.Code].map((one) => String(one).split(".").at(-1))).toContain(code.split(".").at(-1));
  });
});

describe("limits and names", () => {
  test("a message of 1 MiB goes, one byte more does not; attributes count", async () => {
    const url = await queue();
    const full = "x".repeat(1_048_576);
    await send(url, full);
    expect((await receiveOne(url)).Body?.length).toBe(full.length);
    expect((await errorOf(send(url, `${full}x`))).name).toContain("InvalidParameterValue");
    const attribute = { MessageAttributes: { a: { DataType: "String", StringValue: "1" } } };
    expect((await errorOf(send(url, full, attribute))).name).toContain("InvalidParameterValue");
  });

  test("empty bodies and forbidden characters are refused", async () => {
    const url = await queue();
    await errorOf(send(url, ""));
    expect((await errorOf(send(url, "\u0001"))).name).toBe("InvalidMessageContents");
  });

  test("counts are true", async () => {
    const url = await queue();
    for (let index = 0; index < 12; index++) await send(url, `${index}`, index < 2 ? { DelaySeconds: 60 } : {});
    await receive(url, { MaxNumberOfMessages: 4 });
    expect(await depth(url)).toEqual({ visible: 6, inFlight: 4, delayed: 2 });
    await target.sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    await eventually(async () => {
      const now = await depth(url);
      return now.visible + now.inFlight + now.delayed === 0 ? true : undefined;
    });
  });

  test("a queue is made once: the same again is the same, other attributes are refused", async () => {
    const QueueName = uniqueName("once");
    const make = (VisibilityTimeout: string) =>
      target.sqs.send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout } }));
    const { QueueUrl } = await make("10");
    expect((await make("10")).QueueUrl).toBe(QueueUrl);
    expect((await errorOf(make("11"))).name).toMatch(/QueueNameExists|QueueAlreadyExists/);
    expect((await target.sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl).toBe(QueueUrl);
    await target.sqs.send(new DeleteQueueCommand({ QueueUrl }));
    const error = await errorOf(target.sqs.send(new GetQueueUrlCommand({ QueueName })));
    expect(error.name).toMatch(/QueueDoesNotExist|NonExistentQueue/);
  });

  test("sending to a queue that is not there is QueueDoesNotExist", async () => {
    const url = (await queue()).replace(/[^/]+$/, "no-such-queue");
    expect((await errorOf(send(url, "x"))).name).toMatch(/QueueDoesNotExist|NonExistentQueue/);
  });

  test("values out of range are refused", async () => {
    const url = await queue();
    await errorOf(receive(url, { MaxNumberOfMessages: 11 }));
    await errorOf(receive(url, { WaitTimeSeconds: 21 }));
    await errorOf(queue({ VisibilityTimeout: "43201" }));
  });
});
