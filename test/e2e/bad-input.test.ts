import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newId, runIdOf } from "@steward/contracts/ids";
import { type Problem, problemSchema } from "@steward/contracts/problem";
import type { Route } from "@steward/contracts/route";
import { type RouteName, routes } from "@steward/contracts/routes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { startDynamoDbEngine } from "../../packages/local/src/cloud/dynamodb-engine.ts";
import { type Installation, readEveryItem, startInstallation } from "../support/installation.ts";
import { atNodesDoor } from "../support/nodes-door.ts";
import type { JsonSchema } from "../support/json-schema.ts";

/*
 * What is malformed is refused on every route, with the path of the field, and nothing is written. The cases are made of
 * the route table: a new route is tested from its first day.
 */

let installation: Installation;
let audit: () => Promise<Map<string, string>>;
const appliance = "acme-test-01";
const worker = "test-worker";

beforeAll(async () => {
  // Nothing else writes meanwhile: no fleet, and no schedule comes round.
  installation = await startInstallation({
    appliances: 0,
    reconcileSeconds: 3_000,
    sweepSeconds: 3_000,
    sealSeconds: 3_000,
  });
  await installation.enrol("appliance", appliance, "acme");
  await installation.enrol("worker", worker, "provider");
  // That somebody called, and was refused, is counted: of that there are tests of their own.
  audit = () =>
    readEveryItem(installation.table, ({ pk, count }) => count === undefined && !`${pk}`.startsWith("SYS#RATE#"));
});
afterAll(() => installation.close());

const all = Object.entries(routes) as [RouteName, Route][];
const withBody = all.filter(([, route]) => route.body !== undefined);
const withoutBody = all.filter(([, route]) => route.body === undefined);

const goodParams = (): Record<string, string> => ({
  taskId: newId("task", Date.now()),
  nodeId: newId("appliance", Date.now()),
  applianceId: newId("appliance", Date.now()),
  runId: runIdOf(newId("rollout", Date.now()), 0),
  jobId: newId("job", Date.now()),
  freezeId: newId("freeze", Date.now()),
  personId: newId("person", Date.now()),
  tenantId: newId("tenant", Date.now()),
  tokenId: newId("token", Date.now()),
  issuerId: newId("issuer", Date.now()),
  secretName: "anthropic",
  tenantSecret: "wifi-key",
  secretRef: "1-0-password",
  scheduleId: newId("schedule", Date.now()),
  windowId: newId("window", Date.now()),
  notificationId: newId("notification", Date.now()),
  certificateId: newId("certificate", Date.now()),
  alertId: newId("alert", Date.now()),
  digest: "0".repeat(64),
  queue: "escalations",
});
const fill = (path: string, params = goodParams()) =>
  path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? ""));

/** Sends bytes to a route as whoever may call it. */
async function send(
  route: Route,
  options: { body?: Buffer; path?: string; query?: string; headers?: Record<string, string>; method?: string } = {},
): Promise<{ status: number; body: unknown }> {
  const path = (options.path ?? fill(route.path)) + (options.query ?? "");
  const method = options.method ?? route.method;
  const type: Record<string, string> = options.body === undefined ? {} : { "content-type": "application/json" };
  if (route.door === "nodes") {
    const machine = "node" in route.access && route.access.node === "worker" ? worker : appliance;
    return atNodesDoor(installation, machine, method, path, options.body, { ...type, ...options.headers });
  }
  return installation.raw(path, {
    method,
    headers: {
      ...installation.stack.headersOf("staff" in route.access ? "provider" : "acme"),
      ...type,
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: new Uint8Array(options.body) }),
  });
}
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** A refusal as RFC 9457 has it: a client's fault, a stable code, a sentence, and here also fields. */
function expectRefused(
  what: string,
  answer: { status: number; body: unknown },
  wanted: { status?: number | number[]; fields?: true | string } = {},
): Problem {
  const statuses = [wanted.status ?? [400, 401, 403, 404, 405, 413, 415, 422]].flat();
  expect([what, statuses.includes(answer.status), answer]).toEqual([what, true, answer]);
  const parsed = problemSchema.safeParse(answer.body);
  expect([what, parsed.success, answer.body]).toEqual([what, true, answer.body]);
  const problem = problemSchema.parse(answer.body);
  expect(problem.status).toBe(answer.status);
  expect(problem.detail.length).toBeGreaterThan(5);
  const paths = (problem.fields ?? []).map(({ path }) => path);
  if (wanted.fields === true) expect([what, paths.length > 0]).toEqual([what, true]);
  if (typeof wanted.fields === "string") {
    const { fields } = wanted;
    const isNamed = paths.some((path) => path === fields || path.startsWith(`${fields}.`));
    expect([what, isNamed, paths]).toEqual([what, true, paths]);
  }
  return problem;
}

/** Runs all of it, and shows that the table is as it was, item by item. */
async function withoutAWrite(work: () => Promise<void>): Promise<void> {
  const before = await audit();
  expect(before.size).toBeGreaterThan(10);
  await work();
  const after = await audit();
  expect([...after.keys()].filter((key) => !before.has(key))).toEqual([]);
  expect([...before].filter(([key, item]) => after.get(key) !== item)).toEqual([]);
}

/** The fields of a body, with what they are not. */
function wrongTypes(route: Route): [name: string, value: unknown][] {
  if (route.body === undefined) return [];
  const schema = z.toJSONSchema(route.body, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]): [string, unknown][] => {
    const others: unknown[] = property.type === "object" || property.type === "array" ? ["text", 7] : [{ a: 1 }, [[]]];
    if (property.type === "string") others.push(7);
    if (property.type === "integer" || property.type === "number") others.push("7x");
    return others.map((value) => [name, value]);
  });
}

it("routes with bodies are in the table, at both doors", () => {
  expect(withBody.length).toBeGreaterThan(15);
  expect(new Set(withBody.map(([, { door }]) => door))).toEqual(new Set(["api", "nodes"]));
  expect(withBody.flatMap(([, route]) => wrongTypes(route)).length).toBeGreaterThan(60);
});

describe("every route refuses, and writes nothing", () => {
  it("malformed JSON, and what is no object", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of withBody) {
        for (const text of ['{"a":', "{]", "nonsense", "", '{"a":1}{"b":2}', "[]", "null", "7", '"text"']) {
          const answer = await send(route, { body: Buffer.from(text) });
          expectRefused(`${name} ${text}`, answer, { status: 400, fields: true });
        }
        const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
        expectRefused(`${name} not UTF-8`, await send(route, { body: notUtf8 }), { status: 400, fields: true });
      }
    });
  });

  it("bodies that are too large, whatever they hold", async () => {
    await withoutAWrite(async () => {
      const body = json({ pad: "x".repeat(300 * 1024) });
      for (const [name, route] of all.filter(([, { method }]) => method !== "GET")) {
        expectRefused(name, await send(route, { body }), { status: 413 });
      }
      // More than any gateway takes is not even read.
      const huge = Buffer.alloc(11 * 1024 * 1024, 0x20);
      // Whoever goes on sending is cut off; the answer may be lost with the connection.
      const status = await send(routes.submitTask, { body: huge }).then(
        (answer) => answer.status,
        () => 413,
      );
      expect(status).toBe(413);
    });
  });

  it("unknown fields, by their path", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of withBody) {
        expectRefused(name, await send(route, { body: json({ surprise: 1 }) }), { status: 400, fields: "surprise" });
      }
      const nested = { steps: [{ action: "ping", variables: {}, shell: "id" }], targets: ["all"], mode: "apply" };
      expectRefused("nested", await send(routes.submitTask, { body: json(nested) }), { fields: "steps.0.shell" });
      const proto = Buffer.from('{"instruction":"ping","targets":["all"],"__proto__":{"admin":true}}');
      expectRefused("__proto__", await send(routes.submitTask, { body: proto }), { status: 400 });
    });
  });

  it("fields of the wrong type, by their path", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of withBody) {
        for (const [field, value] of wrongTypes(route)) {
          const what = `${name} ${field} ${JSON.stringify(value)}`;
          expectRefused(what, await send(route, { body: json({ [field]: value }) }), { status: 400, fields: field });
        }
      }
    });
  });

  it("another content type, and a body where none is taken", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of withBody) {
        for (const type of [
          "text/plain",
          "application/x-www-form-urlencoded",
          "multipart/form-data",
          "application/xml",
        ]) {
          const answer = await send(route, { body: json({}), headers: { "content-type": type } });
          expectRefused(`${name} ${type}`, answer, { status: 415 });
        }
      }
      for (const [name, route] of withoutBody.filter(([, { method }]) => method === "DELETE")) {
        expectRefused(name, await send(route, { body: json({ a: 1 }) }), { status: 400, fields: true });
      }
    });
  });

  it("ids of no shape or of another kind, by their name", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of all) {
        const keys = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, key = ""]) => key);
        for (const key of keys) {
          for (const bad of ["x", "tsk_", "../../etc/passwd", "TSK_01JZ", "a".repeat(500), "ten_provider", "%00", "‮"]) {
            const path = fill(route.path, { ...goodParams(), [key]: bad });
            const body = route.body === undefined ? {} : { body: json({}) };
            // The one id of a tenant that is a word.
            if (key === "tenantId" && bad === "ten_provider") continue;
            // Tenants call their secrets what they like, and machines theirs.
            if ((key === "tenantSecret" || key === "secretName") && bad === "x") continue;
            // An address that somebody on the way may decode to another one is nowhere, whatever it names.
            const wanted = encodeURIComponent(bad) !== bad ? { status: 404 } : { status: 400, fields: key };
            expectRefused(`${name} ${key} ${bad}`, await send(route, { path, ...body }), wanted);
          }
        }
      }
    });
  });

  it("queries that are unknown, doubled or out of range", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of all) {
        const body = route.body === undefined ? {} : { body: json({}) };
        const answer = await send(route, { query: "?surprise=1", ...body });
        // A machine that comes where people's certificates count is refused before anything else is looked at.
        if ("userCertificate" in route.access) expectRefused(`${name} unknown`, answer, { status: 401 });
        // A heartbeat's short chain looks at no query at all.
        else
          expectRefused(`${name} unknown`, answer, { status: 400, fields: name === "heartbeat" ? true : "surprise" });
      }
      const cases: [RouteName, string, string][] = [
        ["listTasks", "limit=0", "limit"],
        ["listTasks", "limit=201", "limit"],
        ["listTasks", "limit=ten", "limit"],
        ["listTasks", "limit=1&limit=2", "limit"],
        ["listTasks", "status=sleeping", "status"],
        ["listTasks", "cursor=AAAA", "cursor"],
        ["listNodes", "kind=toaster", "kind"],
        ["listNodes", "tag=nocolon", "tag"],
        ["listNodes", `q=${"x".repeat(101)}`, "q"],
        ["getTask", "wait=-1", "wait"],
        ["getTask", "wait=3600", "wait"],
        ["getTask", "since=abc", "since"],
      ];
      for (const [name, query, field] of cases) {
        expectRefused(`${name}?${query}`, await send(routes[name], { query: `?${query}` }), {
          status: 400,
          fields: field,
        });
      }
    });
  });

  it("methods that are not there, and addresses that are not there", async () => {
    await withoutAWrite(async () => {
      for (const [name, route] of all) {
        const served = new Set<string>(
          all.filter(([, other]) => other.path === route.path).map(([, { method }]) => method),
        );
        const method = ["PUT", "DELETE", "POST", "PATCH"].find((one) => !served.has(one)) ?? "PATCH";
        const body = json({});
        const answer = await send(route, { method, body });
        expectRefused(`${name} ${method}`, answer, { status: 405 });
        // `/tasks/nowhere` is the address of a task, which takes other methods.
        const beyond = await send(route, { path: `${fill(route.path)}/nowhere` });
        expectRefused(`${name}/nowhere`, beyond, { status: [400, 404, 405] });
      }
      for (const path of ["/api/v1", "/api/v2/tasks", "/api/v1/tasks/", "/api/v1//tasks", "/admin", "/.env"]) {
        expectRefused(path, await installation.raw(path, { headers: installation.stack.headersOf("acme") }), {
          status: 404,
        });
      }
    });
  });

  it("callers who say who they are in a wrong way", async () => {
    await withoutAWrite(async () => {
      const { authorization = "" } = installation.stack.headersOf("acme");
      const [head = "", payload = "", signature = ""] = authorization.replace("Bearer ", "").split(".");
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
      const other = Buffer.from(payload, "base64url")
        .toString()
        .replace(/per_\w+/, newId("person", Date.now()));
      const wrong = [
        "",
        "Bearer",
        "Basic YTpi",
        `bearer${authorization}`,
        `Bearer ${none}.${payload}.`,
        `Bearer ${none}.${payload}.${signature}`,
        `Bearer ${head}.${Buffer.from(other).toString("base64url")}.${signature}`,
        `Bearer ${head}.${payload}.${signature.slice(0, -2)}AA`,
        `Bearer ${"a".repeat(5000)}.b.c`,
      ];
      for (const [name, route] of all) {
        if (route.door !== "api" || "open" in route.access) continue;
        const body = route.body === undefined ? {} : { body: json({}) };
        for (const authorization of wrong) {
          expectRefused(
            `${name} ${authorization.slice(0, 40)}`,
            await send(route, { ...body, headers: { authorization } }),
            {
              status: 401,
            },
          );
        }
      }
      for (const tenant of ["x", "*", "ten_", newId("tenant", Date.now()), "ten_provider"]) {
        const answer = await send(routes.listTasks, { headers: { "steward-tenant": tenant } });
        expectRefused(`tenant ${tenant}`, answer, { status: [400, 404] });
      }
      for (const key of ["", " ", "ä", "x".repeat(201)]) {
        const headers = { "idempotency-key": encodeURIComponent(key) === key ? key : "\u00e4" };
        const body = json({ instruction: "ping", targets: ["nowhere"] });
        const answer = await send(routes.submitTask, { body, headers });
        expectRefused(`key ${key.length}`, answer, { status: [400, 422] });
      }
    });
  });
});

describe("npm start says in one sentence what to do", () => {
  const main = fileURLToPath(new URL("../../packages/local/src/main.ts", import.meta.url));

  it("no sandbox, but --executor ansible", async () => {
    const folder = mkdtempSync(join(tmpdir(), "steward-start-"));
    const child = spawn(
      process.execPath,
      [main, `--state-dir=${folder}/state`, `--sandbox-dir=${folder}/none`, "--executor=ansible"],
      {
        env: {
          PATH: process.env["PATH"],
          HOME: folder,
          STEWARD_CONFIG_DIR: folder,
          NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (said += data.toString()));
    const code = await new Promise((resolve) => child.once("exit", resolve));
    rmSync(folder, { recursive: true, force: true });
    expect(code).toBe(1);
    // Of a dashboard whose sources have changed it says that it is built.
    const sentences = said
      .trim()
      .split("\n")
      .filter((line) => !/the dashboard/i.test(line));
    expect(sentences).toHaveLength(1);
    expect(sentences.join("\n")).toMatch(/^Steward cannot start: .*ansible.*npm run sandbox/s);
    expect(said).not.toMatch(/^\s+at /m);
  });

  it("no database engine for this machine: STEWARD_DYNAMODB_ENDPOINT is named", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform");
    if (platform === undefined) throw new Error("no platform");
    Object.defineProperty(process, "platform", { ...platform, value: "plan9" });
    try {
      const folder = mkdtempSync(join(tmpdir(), "steward-engine-"));
      await expect(
        startDynamoDbEngine({ stateDir: folder, endpoint: undefined, log: () => undefined }),
      ).rejects.toThrow(/no database engine for this platform.*npm install.*STEWARD_DYNAMODB_ENDPOINT=http:/s);
      rmSync(folder, { recursive: true, force: true });
    } finally {
      Object.defineProperty(process, "platform", platform);
    }
  });
});
