import { Agent, request as httpsRequest } from "node:https";
import { type RequestOptions, request as httpRequest } from "node:http";
import { readPair } from "@steward/node-client/identity";
import type { KeyPair } from "@steward/node-client/key-pair";
import type { Door } from "@steward/contracts/route";
import type { Role } from "@steward/contracts/roles";
import type { Installation } from "../../support/installation.ts";
import { type Ask, pathOf } from "./operations.ts";

export interface Answer {
  status: number;
  text: string;
  headers: Record<string, string | string[] | undefined>;
}

/** Somebody who calls, at one of the doors. */
export interface Caller {
  name: string;
  door: Door;
  kind: "nobody" | "person" | "token" | "staff" | "appliance" | "worker" | "browser";
  /** Of a person or a token: in the tenant, or everywhere. */
  role?: Role;
  send(ask: Ask): Promise<Answer>;
}

/** What a door is sent, as it is: no library puts its paths or headers in order. */
export interface RawRequest {
  door: Door;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  /** The machine whose certificate is shown, or one of a browser. */
  machine?: string | KeyPair;
}

const maxTries = 40;

/** Sends requests as they are to the two doors of an installation. */
export function createSender({ stack, serverCa, machineDir }: Pick<Installation, "stack" | "serverCa" | "machineDir">) {
  const agents = new Map<string | KeyPair, Promise<Agent>>();
  const agentOf = (machine: string | KeyPair = "") => {
    const known = agents.get(machine);
    if (known !== undefined) return known;
    const made = (async () => {
      const { key, certificate } =
        typeof machine === "object" ? machine : machine === "" ? {} : await readPair(machineDir(machine), "current");
      const pair = key === undefined || certificate === undefined ? {} : { key, cert: certificate };
      return new Agent({ keepAlive: true, maxSockets: 4, ca: serverCa, ...pair });
    })();
    agents.set(machine, made);
    return made;
  };
  const send = async ({ door, method, path, headers = {}, body, machine }: RawRequest): Promise<Answer> => {
    const { hostname, port } = new URL(door === "api" ? stack.apiUrl : stack.nodesUrl);
    const length: Record<string, string> =
      body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options: RequestOptions = { hostname, port, method, path, headers: { ...length, ...headers } };
    const agent = door === "api" ? undefined : await agentOf(machine);
    return new Promise((resolve, reject) => {
      const made =
        door === "api" ? httpRequest(options) : httpsRequest({ ...options, ...(agent === undefined ? {} : { agent }) });
      made.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (data: string) => (text += data));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
        response.on("error", reject);
      });
      // Whoever has no certificate that the listener takes is refused before there is a request.
      made.on("error", (error: Error & { code?: string }) =>
        error.code?.startsWith("ERR_SSL_TLSV13_ALERT_") === true ||
        (door === "nodes" && machine === undefined && ["ECONNRESET", "EPIPE"].includes(error.code ?? ""))
          ? resolve({ status: 401, text: "", headers: {} })
          : reject(error),
      );
      made.end(body);
    });
  };
  return {
    send,
    /** Sends an ask; where a limit holds it up, again when it says so. */
    async ask(
      ask: Ask,
      who: { door?: Door; headers?: Record<string, string>; machine?: string | KeyPair },
    ): Promise<Answer> {
      const { operation, body } = ask;
      for (let tries = 1; ; tries += 1) {
        const answer = await send({
          door: who.door ?? operation.door,
          method: operation.method,
          path: pathOf(ask),
          headers: {
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...who.headers,
            ...ask.headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          ...(who.machine === undefined ? {} : { machine: who.machine }),
        });
        const after = Number(answer.headers["retry-after"]);
        // A function that has all its calls at once says so in the gateway's words.
        const waits =
          answer.status === 503 ? after >= 0 : answer.status === 429 && answer.text.includes('"too_many_requests"');
        if (!waits || tries > maxTries) return answer;
        await new Promise((resolve) => setTimeout(resolve, Math.max(50, (Number.isNaN(after) ? 1 : after) * 1000)));
      }
    },
    close: async () => {
      for (const agent of agents.values()) (await agent).destroy();
    },
  };
}
export type Sender = ReturnType<typeof createSender>;
