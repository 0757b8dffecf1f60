import { randomBytes, timingSafeEqual } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { type InvokeDoor, invokeDoorFile } from "../invoke-channel.ts";
import type { Lambda } from "./lambda.ts";
import { listen } from "./listen.ts";

/**
 * How the owner of this installation invokes what nobody calls over a door (`bootstrap`), from another process than the
 * one that started it: what `lambda:InvokeFunction` is on AWS. Whoever may read the state folder may do it, nobody else.
 */
export async function openInvokeDoor(options: {
  functions: Readonly<Record<FunctionName, Lambda>>;
  /** Which version of the truststore the nodes door has loaded. */
  doorTruststore: () => string | undefined;
  stateDir: string;
  stage: string;
  cloudUrl: string;
}): Promise<void> {
  const secret = randomBytes(32).toString("base64url");
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const work = async () => {
      if (!isBearer(request.headers.authorization, secret)) return answer(403, { error: "not allowed" });
      if (request.url === "/door-truststore") return answer(200, { version: options.doorTruststore() });
      const name = functionNames.find((one) => request.url === `/${one}` && definitions[one].trigger.kind === "direct");
      if (request.method !== "POST" || name === undefined) return answer(404, { error: "there is no such function" });
      return answer(200, await options.functions[name].invoke(await json(request)));
    };
    // The caller went away in the middle: there is nobody to answer.
    work().catch(() => response.destroy());
  });
  const port = await listen(server, 0);
  const file = invokeDoorFile(options.stateDir);
  const door: InvokeDoor = {
    url: `http://127.0.0.1:${port}`,
    secret,
    stage: options.stage,
    cloudUrl: options.cloudUrl,
  };
  writeFileSync(`${file}.new`, JSON.stringify(door), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function isBearer(authorization: string | undefined, secret: string): boolean {
  const [given, wanted] = [Buffer.from(authorization ?? ""), Buffer.from(`Bearer ${secret}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
