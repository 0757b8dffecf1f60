import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest, type RequestOptions, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import type { HttpEvent } from "@steward/api/lambda-event";
import { securityHeaders } from "@steward/api/security-headers";
import { assets } from "@steward/dashboard/assets";
import { type FunctionName, functionNames } from "@steward/functions/definitions";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openApiDoor } from "../src/host/door-api.ts";
import { openNodesDoor } from "../src/host/door-nodes.ts";
import type { Lambda, Outcome } from "../src/host/lambda.ts";
import { ensureServerCertificate, serverCaFile, type ServerCertificate } from "../src/host/server-certificate.ts";

/** What the functions were given, and what they are to answer. */
const seen: { name: FunctionName; event: HttpEvent }[] = [];
let outcome: Outcome;

const functions = Object.fromEntries(
  functionNames.map((name): [FunctionName, Lambda] => [
    name,
    {
      name,
      invoke: async (event) => {
        seen.push({ name, event: event as HttpEvent });
        return outcome;
      },
      warm: async () => undefined,
      close: async () => undefined,
    },
  ]),
) as Record<FunctionName, Lambda>;

let stateDir: string;
let tls: ServerCertificate;
let servers: Server[];
let apiPort: number;
let nodesPort: number;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "steward-doors-"));
  tls = await ensureServerCertificate(stateDir, Date.now());
  const nowMs = () => 1_000;
  const api = await openApiDoor({ functions, nowMs, port: 0 });
  const nodes = await openNodesDoor({ functions, nowMs, port: 0, serverCertificate: tls, clientCa: tls.ca });
  [apiPort, nodesPort, servers] = [api.port, nodes.port, [api.server, nodes.server]];
});
afterAll(() => {
  for (const server of servers) server.close();
  for (const server of servers) server.closeAllConnections();
  rmSync(stateDir, { recursive: true });
});
beforeEach(() => {
  seen.length = 0;
  outcome = { kind: "result", result: { statusCode: 200, headers: { "x-from": "function" }, body: "yes" } };
});

interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

function send(
  options: RequestOptions & { secure?: boolean; ca?: string; cert?: string; key?: string },
  body?: string | Buffer,
): Promise<Reply> {
  const { secure, ...rest } = options;
  return new Promise((resolve, reject) => {
    const request = (secure ? httpsRequest : httpRequest)(
      { host: "127.0.0.1", port: secure ? nodesPort : apiPort, agent: false, ...rest },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

describe("the api door", () => {
  it("hands the request on as API Gateway does", async () => {
    const reply = await send(
      {
        method: "POST",
        path: "/api/v1/tasks?limit=5&tag=a&tag=b%20c",
        headers: { "content-type": "application/json", cookie: "a=1; b=2", "x-many": ["1", "2"] },
      },
      '{"text":"ü"}',
    );
    expect(reply).toMatchObject({ status: 200, body: "yes", headers: { "x-from": "function" } });
    const [{ name, event } = { name: "", event: undefined }] = seen;
    expect(name).toBe("api");
    expect(event).toMatchObject({
      version: "2.0",
      rawPath: "/api/v1/tasks",
      rawQueryString: "limit=5&tag=a&tag=b%20c",
      queryStringParameters: { limit: "5", tag: "a,b c" },
      cookies: ["a=1", "b=2"],
      headers: { "content-type": "application/json", "x-many": "1, 2" },
      body: '{"text":"ü"}',
      isBase64Encoded: false,
      requestContext: {
        domainName: "api.localhost",
        stage: "$default",
        timeEpoch: 1_000,
        http: { method: "POST", path: "/api/v1/tasks", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
      },
    });
    expect(event?.headers["cookie"]).toBeUndefined();
    expect(event?.requestContext.authentication).toBeUndefined();
  });

  it("gives bytes that are no text as base64", async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0]);
    await send({ method: "POST", path: "/api/v1/tasks", headers: { "content-type": "application/json" } }, bytes);
    expect(seen[0]?.event).toMatchObject({ body: bytes.toString("base64"), isBase64Encoded: true });
  });

  it("gives each route to its function, and everything else to `api`", async () => {
    for (const [method, path, name] of [
      ["GET", "/api/v1/tasks/tsk_1", "wait"],
      ["POST", "/api/v1/tasks/tsk_1/approve", "approve"],
      ["POST", "/api/v1/sessions", "sessions"],
      ["POST", "/api/v1/enrol", "enrol"],
      ["GET", "/docs", "api"],
      ["POST", "/", "api"],
      ["GET", "/app.js/", "api"],
      ["GET", "//", "api"],
      ["POST", "/api/v1/heartbeat", "api"],
      ["PATCH", "/nothing", "api"],
    ] as const) {
      seen.length = 0;
      await send({ method, path });
      expect(seen[0]?.name, `${method} ${path}`).toBe(name);
    }
  });

  it("answers the status page by itself, under the rules that the API's answers have", async () => {
    for (const { path, contentType, file } of assets) {
      const reply = await send({ path: `${path}?x=1` });
      expect(reply).toMatchObject({ status: 200, body: readFileSync(file, "utf8") });
      expect(reply.headers).toMatchObject({ ...securityHeaders, "content-type": contentType });
      expect(await send({ method: "HEAD", path })).toMatchObject({ status: 200, body: "" });
    }
    expect(seen).toEqual([]);
  });

  it("refuses a foreign Host and a foreign Origin before any function sees them", async () => {
    const ours = [`127.0.0.1:${apiPort}`, `localhost:${apiPort}`];
    for (const host of ["evil.example", `evil.example:${apiPort}`, "127.0.0.1", `127.0.0.1.evil.example:${apiPort}`]) {
      expect((await send({ path: "/", headers: { host } })).status, host).toBe(403);
    }
    for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${apiPort}`, "http://127.0.0.1:1"]) {
      expect((await send({ method: "POST", path: "/api/v1/tasks", headers: { origin } })).status).toBe(403);
    }
    expect(seen).toEqual([]);
    for (const host of ours) {
      expect((await send({ path: "/docs", headers: { host, origin: `http://${host}` } })).status).toBe(200);
    }
    expect(seen).toHaveLength(2);
  });

  it("refuses a body that no gateway would take by what it announces", async () => {
    const reply = await send({ method: "POST", path: "/", headers: { "content-length": String(11 * 1024 * 1024) } });
    expect(reply.status).toBe(413);
    expect(seen).toEqual([]);
  });

  it("answers for functions that fail, are late or are too busy", async () => {
    const statusOf = async (next: Outcome) => {
      outcome = next;
      return (await send({ path: "/docs" })).status;
    };
    expect(await statusOf({ kind: "failed", error: "secret detail" })).toBe(500);
    expect(await statusOf({ kind: "timed_out" })).toBe(503);
    expect(await statusOf({ kind: "throttled" })).toBe(503);
    expect(await statusOf({ kind: "result", result: "nonsense" })).toBe(500);
    expect(await statusOf({ kind: "result", result: { statusCode: 204 } })).toBe(204);
  });
});

describe("the nodes door", () => {
  it("lets nobody in without a certificate of its issuer", async () => {
    await expect(send({ secure: true, path: "/api/v1/trust", ca: tls.ca })).rejects.toThrow();
    const other = await ensureServerCertificate(mkdtempSync(join(stateDir, "other-")), Date.now());
    await expect(
      send({ secure: true, path: "/api/v1/trust", ca: tls.ca, cert: other.certificate, key: other.key }),
    ).rejects.toThrow();
    expect(seen).toEqual([]);
  });

  it("shows a caller a certificate for this address only", () => {
    const certificate = new X509Certificate(tls.certificate);
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(certificate.checkHost("example.org")).toBeUndefined();
    expect(certificate.ca).toBe(false);
  });
});

it("gives nodes what to trust again, if a kill kept it from being written", async () => {
  rmSync(serverCaFile(stateDir));
  await ensureServerCertificate(stateDir, Date.now());
  expect(readFileSync(serverCaFile(stateDir), "utf8")).toBe(tls.ca);
});

it("keeps its server certificate over a restart", async () => {
  expect(await ensureServerCertificate(stateDir, Date.now())).toMatchObject({
    certificate: tls.certificate,
    ca: tls.ca,
  });
  const later = await ensureServerCertificate(stateDir, Date.now() + 900 * 86_400_000);
  expect(later.certificate).not.toBe(tls.certificate);
});
