import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebhookBody, webhookBodySchema } from "@steward/contracts/notification";

export interface Received {
  body: WebhookBody;
  atMs: number;
}

/** Whom the tenants have told: a webhook of this process, which takes everything. */
export async function startReceiver(now: () => number): Promise<{
  host: string;
  url: string;
  received: Received[];
  close: () => Promise<void>;
}> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      received.push({ body: webhookBodySchema.parse(JSON.parse(Buffer.concat(parts).toString("utf8"))), atMs: now() });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/alerts`,
    received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
