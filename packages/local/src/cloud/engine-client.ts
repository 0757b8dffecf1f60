import type { Socket } from "node:net";

/** The engine's answer, its body untouched. */
export interface EngineAnswer {
  status: number;
  body: Buffer;
}

const maxConnections = 8;

/**
 * A minimal HTTP/1.1 client for one server that always sends `content-length`: kept-alive connections, one request at a
 * time on each. Written by hand because this is the hot path, and a general client costs more than the engine does.
 */
export class EngineClient {
  private readonly openSocket: () => Promise<Socket>;
  private readonly idle: Connection[] = [];
  private readonly queue: Work[] = [];
  private readonly open = new Set<Connection>();
  private connections = 0;
  private closed = false;

  constructor(openSocket: () => Promise<Socket>) {
    this.openSocket = openSocket;
  }

  /** Sends one DynamoDB call. Rejects when the connection breaks before the answer is whole. */
  send(action: string, body: Buffer): Promise<EngineAnswer> {
    return new Promise((resolve, reject) => {
      const work: Work = { action, body, resolve, reject };
      const connection = this.idle.pop();
      if (connection !== undefined) connection.run(work);
      else {
        this.queue.push(work);
        if (this.connections < maxConnections) void this.grow();
      }
    });
  }

  /** As `send`, for the cloud's own calls: JSON in, JSON out; an error answer is thrown. */
  async call(action: string, input: object): Promise<unknown> {
    const answer = await this.send(action, Buffer.from(JSON.stringify(input)));
    const output: unknown = JSON.parse(answer.body.toString("utf8") || "{}");
    if (answer.status !== 200) throw new EngineError(action, output);
    return output;
  }

  /** Ends the connections; calls under way are rejected. */
  close(): void {
    this.closed = true;
    for (const connection of this.open) connection.destroy();
  }

  private async grow(): Promise<void> {
    this.connections += 1;
    try {
      const socket = await this.openSocket();
      const connection = new Connection(socket, {
        idle: () => {
          const work = this.queue.shift();
          if (work !== undefined) connection.run(work);
          else this.idle.push(connection);
        },
        gone: () => {
          this.connections -= 1;
          this.open.delete(connection);
          const place = this.idle.indexOf(connection);
          if (place >= 0) this.idle.splice(place, 1);
          if (this.queue.length > 0 && !this.closed) void this.grow();
        },
      });
      this.open.add(connection);
      connection.start();
    } catch (error) {
      this.connections -= 1;
      if (this.connections === 0) {
        for (const work of this.queue.splice(0)) work.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

export class EngineError extends Error {
  readonly type: string;

  constructor(action: string, output: unknown) {
    const members = typeof output === "object" && output !== null ? output : {};
    const text = "message" in members ? members.message : "Message" in members ? members.Message : "no message";
    super(`${action}: ${String(text)}`);
    this.name = "EngineError";
    this.type = "__type" in members ? String(members.__type).replace(/^.*#/, "") : "InternalFailure";
  }
}

interface Work {
  action: string;
  body: Buffer;
  resolve: (answer: EngineAnswer) => void;
  reject: (error: Error) => void;
}

// Engines want a signature to be there; they do not check it.
const fixedHeaders =
  "host: 127.0.0.1\r\ncontent-type: application/x-amz-json-1.0\r\nx-amz-date: 20260101T000000Z\r\n" +
  "authorization: AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n";
const headEnd = Buffer.from("\r\n\r\n");

class Connection {
  private readonly socket: Socket;
  private readonly events: { idle: () => void; gone: () => void };
  private work: Work | undefined;
  private received: Buffer[] = [];
  private receivedBytes = 0;
  /** Set once the head of the answer is known. */
  private answer: { status: number; bodyStart: number; totalBytes: number } | undefined;
  private ended = false;

  constructor(socket: Socket, events: { idle: () => void; gone: () => void }) {
    this.socket = socket;
    this.events = events;
  }

  start(): void {
    this.socket.on("data", (data) => this.take(data));
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => this.end());
    this.socket.resume();
    this.events.idle();
  }

  destroy(): void {
    this.socket.destroy();
  }

  run(work: Work): void {
    this.work = work;
    const head = `POST / HTTP/1.1\r\n${fixedHeaders}x-amz-target: DynamoDB_20120810.${work.action}\r\ncontent-length: ${work.body.length}\r\n\r\n`;
    if (work.body.length < 16_384) this.socket.write(Buffer.concat([Buffer.from(head, "latin1"), work.body]));
    else {
      this.socket.cork();
      this.socket.write(head, "latin1");
      this.socket.write(work.body);
      this.socket.uncork();
    }
  }

  private take(data: Buffer): void {
    this.received.push(data);
    this.receivedBytes += data.length;
    if (this.answer === undefined) {
      const all = this.joined();
      const end = all.indexOf(headEnd);
      if (end < 0) return;
      const head = all.toString("latin1", 0, end);
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
      const status = /^HTTP\/1\.1 (\d{3})/.exec(head)?.[1];
      if (length === undefined || status === undefined) {
        this.socket.destroy(new Error("The engine does not say how long its answer is"));
        return;
      }
      this.answer = { status: Number(status), bodyStart: end + 4, totalBytes: end + 4 + Number(length) };
    }
    if (this.receivedBytes < this.answer.totalBytes) return;
    const { status, bodyStart, totalBytes } = this.answer;
    const body = this.joined().subarray(bodyStart, totalBytes);
    const work = this.work;
    this.work = undefined;
    this.answer = undefined;
    this.received = [];
    this.receivedBytes = 0;
    work?.resolve({ status, body });
    if (!this.ended) this.events.idle();
  }

  private joined(): Buffer {
    const all =
      this.received.length === 1 && this.received[0] !== undefined ? this.received[0] : Buffer.concat(this.received);
    this.received = [all];
    return all;
  }

  private end(): void {
    this.ended = true;
    // Whether the call took effect is unknown; the SDK asks again, and conditions settle what is ambiguous.
    this.work?.reject(new Error("The database engine closed the connection"));
    this.work = undefined;
    this.events.gone();
  }
}
