import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest, type RequestOptions, type Server } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { X509Certificate } from "node:crypto";
import type { HttpEvent } from "@steward/api/lambda-event";
import { securityHeaders } from "@steward/api/security-headers";
import { routes } from "@steward/contracts/routes";
import { apiPaths, cacheControl, isPage } from "@steward/dashboard/site";
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

/** A dashboard as it is built, by its files. */
const script = "export const much = 1;\n".repeat(1_000);
const site = {
  "index.html": "<!doctype html><title>Steward</title>",
  "assets/index-B3x1_z.js": script,
  "assets/logo-Qk2.png": "\x89PNG",
  ".vite/manifest.json": "{}",
};

let stateDir: string;
let siteFolder: string;
let tls: ServerCertificate;
let servers: Server[];
let apiPort: number;
let nodesPort: number;

beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "steward-doors-"));
  tls = await ensureServerCertificate(stateDir, Date.now());
  const nowMs = () => 1_000;
  siteFolder = join(stateDir, "site");
  for (const [path, text] of Object.entries(site)) {
    mkdirSync(dirname(join(siteFolder, path)), { recursive: true });
    writeFileSync(join(siteFolder, path), text);
  }
  const api = await openApiDoor({ functions, nowMs, port: 0, siteFolder });
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

/** As a browser that goes to an address asks. */
const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

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
      ["GET", "/app.js", "api"],
      ["GET", "/assets/gone-A1.js", "api"],
      ["GET", "/assets/", "api"],
      ["GET", "/.vite/manifest.json", "api"],
      ["GET", "/assets/../.vite/manifest.json", "api"],
      ["GET", "/..%2f..%2fpackage.json", "api"],
      ["GET", "/.well-known/jwks.json", "api"],
      ["POST", "/tasks/tsk_1", "api"],
      ["GET", "//", "api"],
      ["POST", "/api/v1/heartbeat", "api"],
      ["PATCH", "/nothing", "api"],
    ] as const) {
      seen.length = 0;
      await send({ method, path });
      expect(seen[0]?.name, `${method} ${path}`).toBe(name);
    }
  });

  it("answers the dashboard's pages by itself, under the rules that the API's answers have", async () => {
    for (const path of [
      "/",
      "/?x=1",
      "/status.html",
      "/tasks/tsk_1?tab=runs",
      "/appliances/apl_1/",
      "/apis",
      "/nas.berlin",
    ]) {
      const reply = await send({ path, headers: browser });
      expect(reply, path).toMatchObject({ status: 200, body: site["index.html"] });
      expect(reply.headers, path).toMatchObject({
        ...securityHeaders,
        "cache-control": cacheControl.named,
        "content-type": "text/html; charset=utf-8",
      });
      expect(await send({ method: "HEAD", path, headers: browser })).toMatchObject({ status: 200, body: "" });
    }
    expect(seen).toEqual([]);
    // A program that mistyped one of the API's addresses hears so from the API.
    await send({ path: "/api%2fv1/tasks", headers: { accept: "application/json" } });
    await send({ path: "/nowhere" });
    expect(seen.splice(0)).toHaveLength(2);
    for (const pattern of apiPaths) await send({ path: pattern.replace("*", "any/thing") });
    expect(seen).toHaveLength(apiPaths.length);
  });

  it("gives the page no other rules than its own file has, which are the API's", () => {
    const html = readFileSync(new URL("../../dashboard/index.html", import.meta.url), "utf8");
    const own = /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(html)?.[1];
    // What a page says of being framed itself, no browser hears.
    expect(`${own}; frame-ancestors 'none'`).toBe(securityHeaders["content-security-policy"]);
  });

  it("takes no route of the API, and no document, for a page", () => {
    for (const { door, path } of Object.values(routes)) if (door === "api") expect(isPage(path), path).toBe(false);
    const documents = readFileSync(new URL(import.meta.resolve("@steward/api/documents")), "utf8");
    const paths = [...documents.matchAll(/^ {4}"(\/[^"]*)": /gm)].map(([, path]) => path ?? "");
    expect(paths).toContain("/openapi.json");
    for (const path of paths) expect(isPage(path), path).toBe(false);
  });

  it("answers a file with a digest in its name for good, compressed as the browser takes it, and once", async () => {
    const path = "/assets/index-B3x1_z.js";
    const plain = await send({ path });
    expect(plain).toMatchObject({ status: 200, body: script });
    expect(plain.headers).toMatchObject({
      ...securityHeaders,
      "cache-control": cacheControl.hashed,
      "content-type": "text/javascript; charset=utf-8",
      vary: "accept-encoding",
    });
    for (const [accepted, encoding] of [
      ["gzip, deflate, br, zstd", "br"],
      ["gzip;q=1.0, br;q=0", "gzip"],
      ["deflate", undefined],
    ] as const) {
      const { headers } = await send({ method: "HEAD", path, headers: { "accept-encoding": accepted } });
      expect(headers["content-encoding"], accepted).toBe(encoding);
      if (encoding !== undefined) expect(Number(headers["content-length"])).toBeLessThan(script.length / 10);
    }
    const etag = String(plain.headers["etag"]);
    expect(await send({ path, headers: { "if-none-match": `"x", ${etag}` } })).toMatchObject({ status: 304, body: "" });
    const picture = await send({ path: "/assets/logo-Qk2.png", headers: { "accept-encoding": "br" } });
    expect(picture.headers).toMatchObject({ "content-type": "image/png" });
    expect(picture.headers["content-encoding"]).toBeUndefined();
    expect(seen).toEqual([]);
  });

  it("serves a build that comes while it runs, and says so where there is none", async () => {
    const file = join(siteFolder, "index.html");
    rmSync(file);
    const missing = await send({ path: "/tasks", headers: browser });
    expect(missing).toMatchObject({ status: 503 });
    expect(missing.body).toContain("npm run dashboard");
    writeFileSync(file, site["index.html"]);
    expect(await send({ path: "/tasks", headers: browser })).toMatchObject({ status: 200, body: site["index.html"] });
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
