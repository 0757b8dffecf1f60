import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SQSClient } from "@aws-sdk/client-sqs";

interface Input {
  QueueUrl?: string;
  QueueName?: string;
  ReceiptHandle?: string;
  WaitTimeSeconds?: number;
  VisibilityTimeout?: number;
}

/** What one receive asked for, and how it ended. */
interface Receive {
  queue: string;
  waitSeconds: number;
  aborted: boolean;
}

/** Just enough of SQS for a lane: long polls that wake, and a record of what was asked. The real client talks to it. */
export async function startScriptedSqs() {
  const waiting: { queue: string; answer: (message: object | undefined) => void }[] = [];
  const messages: { queue: string; body: string }[] = [];
  const receives: Receive[] = [];
  const deleted: string[] = [];
  /** Whether it is missing, of those that are no lane. */
  const queues = new Map<string, boolean>();
  /** Queues that are there and answer nothing but an error. */
  const failing = new Set<string>();
  const visibility: { handle: string; seconds: number }[] = [];
  let handles = 0;

  function handOut(): void {
    for (const message of messages.slice()) {
      const index = waiting.findIndex(({ queue }) => queue === message.queue);
      const [poll] = index < 0 ? [] : waiting.splice(index, 1);
      if (!poll) continue;
      messages.splice(messages.indexOf(message), 1);
      handles += 1;
      poll.answer({
        MessageId: `m${handles}`,
        ReceiptHandle: `h${handles}`,
        Body: message.body,
        MD5OfBody: createHash("md5").update(message.body).digest("hex"),
      });
    }
  }

  const server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      const input = JSON.parse(Buffer.concat(parts).toString()) as Input;
      const action = String(request.headers["x-amz-target"]).split(".")[1];
      const queue = (input.QueueUrl ?? "").split("/").at(-1) ?? "";
      const missing = queues.get(input.QueueName ?? queue) ?? !isLane(input.QueueName ?? queue);
      if (missing) {
        response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify({ __type: "com.amazonaws.sqs#QueueDoesNotExist", message: "scripted" }));
        return;
      }
      if (failing.has(queue)) {
        receives.push({ queue, waitSeconds: input.WaitTimeSeconds ?? 0, aborted: false });
        response.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify({ __type: "com.amazonaws.sqs#OverLimit", message: "scripted" }));
        return;
      }
      if (action === "ReceiveMessage") return receive(queue, input.WaitTimeSeconds ?? 0, response);
      if (action === "DeleteMessage") deleted.push(input.ReceiptHandle ?? "");
      if (action === "ChangeMessageVisibility") {
        visibility.push({ handle: input.ReceiptHandle ?? "", seconds: input.VisibilityTimeout ?? 0 });
      }
      return reply(
        response,
        action === "GetQueueUrl" ? { QueueUrl: `${url}/000000000000/${input.QueueName ?? ""}` } : {},
      );
    });
  });

  function receive(queue: string, waitSeconds: number, response: ServerResponse): void {
    const record = { queue, waitSeconds, aborted: false };
    receives.push(record);
    const entry = {
      queue,
      answer: (message: object | undefined) => {
        clearTimeout(timer);
        reply(response, message === undefined ? {} : { Messages: [message] });
      },
    };
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(entry), 1);
      entry.answer(undefined);
    }, waitSeconds * 1000);
    response.on("close", () => {
      if (!response.writableEnded) record.aborted = true;
      clearTimeout(timer);
      const at = waiting.indexOf(entry);
      if (at >= 0) waiting.splice(at, 1);
    });
    waiting.push(entry);
    handOut();
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new SQSClient({
    endpoint: url,
    region: "eu-central-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  return {
    client,
    url,
    receives,
    deleted,
    visibility,
    waiting: () => waiting.map(({ queue }) => queue),
    create: (queue: string) => queues.set(queue, false),
    remove: (queue: string) => queues.set(queue, true),
    fail(queue: string, fails = true) {
      if (fails) failing.add(queue);
      else failing.delete(queue);
    },
    send(queue: string, body: unknown) {
      messages.push({ queue, body: typeof body === "string" ? body : JSON.stringify(body) });
      handOut();
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const isLane = (queue: string) => /-inference-(express|standard|bulk)$/.test(queue);

function reply(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify(body));
}
