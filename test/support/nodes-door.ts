import { Agent, request as httpsRequest } from "node:https";
import { readPair } from "@steward/node-client/identity";
import type { KeyPair } from "@steward/node-client/key-pair";
import type { Installation } from "./installation.ts";

/**
 * One exchange at the nodes door as it is: with a machine's certificate (by its name), another one, or none. `body` goes
 * as JSON; bytes go as they are.
 */
export async function atNodesDoor(
  { stack, machineDir, serverCa }: Pick<Installation, "stack" | "machineDir" | "serverCa">,
  machine: string | Partial<KeyPair> | undefined,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: unknown; body: unknown; location: string | undefined }> {
  const pair: Partial<KeyPair> =
    typeof machine === "string" ? await readPair(machineDir(machine), "current") : (machine ?? {});
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  // Node leaves it out for some methods, and the body would read like another request.
  const length: Record<string, string> = bytes === undefined ? {} : { "content-length": String(bytes.length) };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      stack.nodesUrl + path,
      {
        method,
        ca: serverCa,
        agent: false,
        ...(pair.key === undefined ? {} : { key: pair.key, cert: pair.certificate }),
        headers: { "content-type": "application/json", ...length, ...headers },
      },
      (response) => {
        let text = "";
        response.on("data", (data: Buffer) => {
          text += data.toString();
        });
        response.on("end", () => {
          const parsed: { code?: unknown } = text.startsWith("{") ? JSON.parse(text) : {};
          const { location } = response.headers;
          resolve({ status: response.statusCode ?? 0, code: parsed.code, body: parsed, location });
        });
      },
    );
    request.on("error", reject);
    request.end(bytes);
  });
}

/** A machine's own connection to the nodes door, kept open: for a test that sends a lot. Answers with status and text. */
export async function openNodesDoor(
  { stack, machineDir, serverCa }: Pick<Installation, "stack" | "machineDir" | "serverCa">,
  machine: string,
): Promise<{
  send: (path: string, body: Buffer, contentType: string | undefined) => Promise<{ status: number; text: string }>;
  close: () => void;
}> {
  const pair = await readPair(machineDir(machine), "current");
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: serverCa, key: pair.key, cert: pair.certificate });
  const send = (path: string, body: Buffer, contentType: string | undefined) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        "content-length": String(body.length),
        ...(contentType === undefined ? {} : { "content-type": contentType }),
      };
      const request = httpsRequest(stack.nodesUrl + path, { method: "POST", agent, headers }, (response) => {
        let text = "";
        response.on("data", (data: Buffer) => {
          text += data.toString();
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on("error", reject);
      request.end(body);
    });
  return { send, close: () => agent.destroy() };
}
