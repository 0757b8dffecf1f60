import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** One call on its way to the cloud. */
export interface Call {
  /** `PutParameter`, or the method for S3: `PUT`. */
  action: string;
  /** The path of an S3 call, the body of another. */
  about: string;
  /** What the cloud answered with; 0 until then. */
  status: number;
}

export interface Door {
  /** `127.0.0.1:PORT`: what the cloud must answer to. */
  host: string;
  url: string;
  /** Every call so far that was let through, in order. */
  calls: Call[];
  /** Runs before a call is let through. */
  before: (call: Call) => Promise<void> | void;
  /** Runs when the cloud has answered; with `lose` the answer never arrives. */
  after: (call: Call) => "answer" | "lose";
  close(): Promise<void>;
}

/** A door in front of a cloud, at which calls can be held, counted, and robbed of their answers. */
export async function openDoor(cloudUrl: () => string): Promise<Door> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = await buffer(request);
      const call = callOf(request, body);
      await door.before(call);
      door.calls.push(call);
      const answer = await forward(cloudUrl(), request, body);
      call.status = answer.status;
      if (door.after(call) === "lose") {
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    })().catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door: Door = {
    host,
    url: `http://${host}`,
    calls: [],
    before: () => undefined,
    after: () => "answer",
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return door;
}

function callOf(request: IncomingMessage, body: Buffer): Call {
  const target = request.headers["x-amz-target"];
  return typeof target === "string"
    ? { action: target.slice(target.indexOf(".") + 1), about: body.toString("utf8"), status: 0 }
    : { action: request.method ?? "", about: request.url ?? "", status: 0 };
}

function forward(cloudUrl: string, from: IncomingMessage, body: Buffer) {
  const { hostname, port } = new URL(cloudUrl);
  return new Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }>((resolve, reject) => {
    const onward = httpRequest(
      // The signature covers the name that was called, so it stays.
      { hostname, port, method: from.method, path: from.url, headers: from.headers, agent: false },
      (answer) => {
        buffer(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
          reject,
        );
      },
    );
    onward.once("error", reject);
    onward.end(body);
  });
}
