import { generateKeyPairSync } from "node:crypto";
import type { BucketOwner } from "@steward/aws/records/rate-bucket";
import { AppError } from "@steward/contracts/errors";
import type { TenantStatus } from "@steward/contracts/tenant";
import type { RoleGrant } from "@steward/contracts/roles";
import { defineRoute, pageOf, pageQuery, type Route, type ServedBy } from "@steward/contracts/route";
import { routes } from "@steward/contracts/routes";
import { blame } from "@steward/control/blame";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createApp, createHttpHandler } from "./app.ts";
import type { AppDeps } from "./app-deps.ts";
import { type Binding, bind } from "./bind.ts";
import { bindings, bindingsByFunction } from "./bindings.ts";
import { bindDocuments } from "./documents.ts";
import type { IdempotencyStore, KeptAnswer } from "./idempotency.ts";
import type { HttpEvent } from "./lambda-event.ts";

const tenantA = "ten_01k0000000000000000000000a";
const tenantB = "ten_01k0000000000000000000000b";

const rates = {
  principal: { perSecond: 10, burst: 50 },
  tenant: { perSecond: 50, burst: 200 },
  source: { perSecond: 1, burst: 20 },
};

const table = {
  prove: defineRoute({
    id: "prove",
    method: "POST",
    path: "/api/v1/prove",
    door: "api",
    servedBy: "api",
    access: { open: true, why: "the body is the proof" },
    summary: "Prove something",
    status: 204,
  }),
  make: defineRoute({
    id: "make",
    method: "POST",
    path: "/api/v1/things",
    door: "api",
    servedBy: "api",
    access: { role: "operator" },
    summary: "Make a thing",
    body: z.strictObject({
      name: z.string().max(10),
      parts: z.array(z.strictObject({ size: z.number() })).default([]),
    }),
    status: 201,
    answer: z.strictObject({ made: z.number(), tenant: z.string() }),
    idempotent: true,
  }),
  list: defineRoute({
    id: "list",
    method: "GET",
    path: "/api/v1/things",
    door: "api",
    servedBy: "api",
    access: { role: "viewer" },
    summary: "List things",
    query: z.strictObject({ ...pageQuery, color: z.string().optional() }),
    status: 200,
    answer: pageOf(z.string()),
  }),
  whoami: defineRoute({
    id: "whoami",
    method: "GET",
    path: "/api/v1/whoami",
    door: "api",
    servedBy: "api",
    access: { signedIn: true },
    summary: "Who I am",
    status: 200,
    answer: z.strictObject({ id: z.string() }),
  }),
  broken: defineRoute({
    id: "broken",
    method: "GET",
    path: "/api/v1/broken/{thing}",
    door: "api",
    servedBy: "api",
    access: { role: "viewer" },
    summary: "Fails",
    params: z.strictObject({ thing: z.string().regex(/^[a-z]+$/, "must be letters") }),
    status: 200,
    answer: z.strictObject({ ok: z.boolean() }),
  }),
  beat: defineRoute({
    id: "beat",
    method: "POST",
    path: "/api/v1/beat",
    door: "nodes",
    servedBy: "nodes",
    access: { node: "worker" },
    summary: "For workers",
    body: z.strictObject({ n: z.number() }),
    status: 204,
  }),
} satisfies Record<string, Route>;

/** Keys as the table keeps them, for one process. */
function memoryIdempotency(): IdempotencyStore {
  const kept = new Map<string, { bodyDigest: string; answer?: KeptAnswer }>();
  return {
    begin: async ({ key, bodyDigest, nowMs }) => {
      const known = kept.get(key);
      if (known === undefined) {
        kept.set(key, { bodyDigest });
        return { kind: "first", owner: "o", beganAtMs: nowMs, begunBefore: false };
      }
      if (known.bodyDigest !== bodyDigest) return { kind: "mismatch" };
      return known.answer === undefined ? { kind: "running" } : { kind: "again", answer: known.answer };
    },
    finish: async ({ key, answer }) => {
      const known = kept.get(key);
      if (known !== undefined) known.answer = answer;
    },
    abandon: async ({ key }) => void kept.delete(key),
  };
}

/** An app over the little table above, with everything outside of it in memory. */
function setUp() {
  const people: Record<string, RoleGrant[]> = {
    operator: [{ tenant: tenantA, role: "operator" }],
    viewer: [{ tenant: tenantA, role: "viewer" }],
    two: [
      { tenant: tenantA, role: "operator" },
      { tenant: tenantB, role: "viewer" },
    ],
    staff: [{ tenant: "*", role: "admin" }],
  };
  const statuses: Record<string, TenantStatus> = { [tenantA]: "active", [tenantB]: "active" };
  const charged: string[][] = [];
  const verdict: { kind: string; retryAfterSeconds?: number } = { kind: "allowed" };
  const writes: unknown[] = [];
  const logged: string[] = [];
  const denials: unknown[] = [];
  const deps = {
    nowMs: () => 1_000,
    stage: "test",
    log: (_level: string, event: string) => void logged.push(event),
    authenticate: async (authorization: string | undefined) => {
      const id = authorization?.replace("Bearer ", "") ?? "";
      const grants = people[id];
      if (grants === undefined) throw new AppError("unauthenticated", "send an access token");
      return { principal: { kind: "person", id, name: id, grants }, sessionId: "ses_1" };
    },
    tenantStatus: async (tenantId: string) => statuses[tenantId],
    authenticateNode: async () => {
      throw new AppError("certificate_refused", "unknown");
    },
    denied: async (denied: unknown) => void denials.push(denied),
    cursorKeys: async () => ({ current: new Uint8Array(32).fill(7) }),
    idempotency: memoryIdempotency(),
    limiter: {
      rates,
      charge: async (owners: BucketOwner[]) => {
        charged.push(owners.map(({ kind, id }) => `${kind} ${id}`));
        const left = owners.map(({ kind: name }) => ({ name, rate: rates[name], remaining: 3, resetSeconds: 2 }));
        return { ...verdict, left };
      },
    },
    domains: { api: ["api.test"], nodes: ["nodes.test"] },
    tokenKeys: async () => [
      {
        keyId: "k",
        publicKey: new Uint8Array(
          generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "der", type: "spki" }),
        ),
      },
    ],
    version: "1.2.3",
    checkAnswers: true,
  } as unknown as AppDeps;
  const app = createApp(deps, {
    table,
    documents: (target, requireApiDoor) => bindDocuments(target, deps, requireApiDoor),
    bindings: [
      bind(table.prove, async () => undefined),
      bind(table.make, async (_deps, { caller, body }) => {
        writes.push(body);
        return { made: writes.length, tenant: caller.tenantId };
      }),
      bind(table.list, async (_deps, { paging }) => {
        const page = await paging();
        return { items: [page.after ?? "start"], ...page.next("further") };
      }),
      bind(table.whoami, async (_deps, { caller }) => ({ id: caller.principal.id })),
      bind(table.broken, async () => {
        throw new Error("the disk is on fire: password=hunter2");
      }),
      bind(table.beat, async (_deps, { body }) => {
        writes.push(body);
      }),
    ],
  });
  const handle = createHttpHandler(app);
  const call = async (
    method: string,
    target: string,
    options: { as?: string; headers?: Record<string, string>; body?: unknown; raw?: string; domain?: string } = {},
  ) => {
    const [rawPath = "/", rawQueryString = ""] = target.split("?");
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const result = await handle({
      headers: {
        ...(options.as === undefined ? {} : { authorization: `Bearer ${options.as}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...options.headers,
      },
      rawPath,
      rawQueryString,
      ...(body === undefined ? {} : { body }),
      isBase64Encoded: false,
      requestContext: {
        domainName: options.domain ?? "api.test",
        requestId: "req-1",
        http: { method, sourceIp: "192.0.2.7" },
      },
    } as unknown as HttpEvent);
    const text = result.body ?? "";
    const isJson = String(result.headers?.["content-type"]).includes("json");
    return {
      status: result.statusCode,
      headers: result.headers ?? {},
      text,
      json: (isJson ? JSON.parse(text) : undefined) as Record<string, unknown>,
    };
  };
  return { call, charged, verdict, writes, logged, denials, deps, statuses };
}

let api: ReturnType<typeof setUp>;
beforeEach(() => {
  api = setUp();
});

describe("calls are counted before anything is done", () => {
  it("a call counts for its principal and its tenant, and the answer tells what is left", async () => {
    const { status, headers } = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "x" } });
    expect(status).toBe(201);
    expect(api.charged).toEqual([["principal operator", `tenant ${tenantA}`]]);
    expect(headers).toMatchObject({
      "ratelimit-policy": '"principal";q=50;w=5, "tenant";q=200;w=4',
      ratelimit: '"principal";r=3;t=2, "tenant";r=3;t=2',
      "ratelimit-limit": "50",
      "ratelimit-remaining": "3",
      "ratelimit-reset": "2",
    });
  });

  it("the provider's staff are not held up by a tenant that others flood", async () => {
    await api.call("GET", "/api/v1/things", { as: "staff", headers: { "steward-tenant": tenantA } });
    await api.call("GET", "/api/v1/whoami", { as: "viewer" });
    expect(api.charged).toEqual([["principal staff"], ["principal viewer"]]);
  });

  it("a proof by somebody who is not signed in counts for the address", async () => {
    expect((await api.call("POST", "/api/v1/prove")).status).toBe(204);
    expect(api.charged).toEqual([["source 192.0.2.7"]]);
  });

  it("one call too many is refused before its body is looked at, and says when to come again", async () => {
    Object.assign(api.verdict, { kind: "refused", retryAfterSeconds: 7 });
    const { status, headers, json } = await api.call("POST", "/api/v1/things", { as: "operator", body: { no: 1 } });
    expect(status).toBe(429);
    expect(json).toMatchObject({ code: "too_many_requests", next: expect.stringContaining("7 s") });
    expect(headers).toMatchObject({ "retry-after": "7", "ratelimit-remaining": "3" });
    expect(api.writes).toEqual([]);
  });

  it("who is not signed in uses up nobody's calls; who has no role, only the own ones", async () => {
    await api.call("GET", "/api/v1/things");
    expect(api.charged).toEqual([]);
    await api.call("GET", "/api/v1/things", { as: "operator", headers: { "steward-tenant": tenantB } });
    await api.call("POST", "/api/v1/things", { as: "viewer", body: { name: "x" } });
    expect(api.charged).toEqual([["principal operator"], ["principal viewer"]]);
  });

  it("a flood of what is refused anyway writes nothing to the trail", async () => {
    Object.assign(api.verdict, { kind: "refused", retryAfterSeconds: 7 });
    const { status } = await api.call("POST", "/api/v1/things", { as: "viewer", body: { name: "x" } });
    expect([status, api.denials]).toEqual([429, []]);
  });
});

describe("what is malformed is refused with its place, and nothing is written", () => {
  const cases: [string, { raw?: string; body?: unknown; headers?: Record<string, string> }, number, string, string][] =
    [
      ["no JSON", { raw: "{" }, 400, "invalid_request", ""],
      ["no UTF-8 JSON value", { raw: "\u0000" }, 400, "invalid_request", ""],
      ["a wrong type", { body: { name: 5 } }, 400, "invalid_request", "name"],
      [
        "a wrong type deep inside",
        { body: { name: "a", parts: [{ size: 1 }, { size: "x" }] } },
        400,
        "invalid_request",
        "parts.1.size",
      ],
      ["an unknown field", { body: { name: "a", admin: true } }, 400, "unknown_field", "admin"],
      [
        "an unknown field deep inside",
        { body: { name: "a", parts: [{ size: 1, x: 1 }] } },
        400,
        "unknown_field",
        "parts.0.x",
      ],
      ["a missing field", { body: {} }, 400, "invalid_request", "name"],
      ["no body", {}, 400, "invalid_request", ""],
      ["a prototype", { raw: '{"name":"a","__proto__":{"x":1}}' }, 400, "unknown_field", "__proto__"],
      [
        "a form",
        { raw: "name=a", headers: { "content-type": "application/x-www-form-urlencoded" } },
        415,
        "unsupported_media_type",
        "",
      ],
      [
        "an unusable idempotency key",
        { body: { name: "a" }, headers: { "idempotency-key": "ü" } },
        400,
        "invalid_request",
        "Idempotency-Key",
      ],
    ];
  it.each(cases)("%s", async (_name, request, status, code, path) => {
    const answer = await api.call("POST", "/api/v1/things", { as: "operator", ...request });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code, requestId: "req-1" });
    if (path !== "") expect(answer.json["fields"]).toContainEqual(expect.objectContaining({ path }));
    expect(String(answer.headers["content-type"])).toBe("application/problem+json");
    expect(api.writes).toEqual([]);
  });

  it("is too large by its bytes, and by what it announces", async () => {
    const big = await api.call("POST", "/api/v1/things", { as: "operator", raw: `"${"x".repeat(256 * 1024)}"` });
    const announced = await api.call("POST", "/api/v1/things", {
      as: "operator",
      body: { name: "a" },
      headers: { "content-length": "300000" },
    });
    expect([big.status, announced.status]).toEqual([413, 413]);
    expect(big.json).toMatchObject({ code: "too_large" });
    expect(api.writes).toEqual([]);
  });

  it("names every problem at once", async () => {
    const { json } = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: 1, parts: "x", y: 1 } });
    expect((json["fields"] as { path: string }[]).map(({ path }) => path).sort()).toEqual(["name", "parts", "y"]);
  });

  it("has a query that is unknown, doubled or wrong", async () => {
    for (const [query, path] of [
      ["nope=1", "nope"],
      ["color=a&color=b", "color"],
      ["limit=500", "limit"],
    ]) {
      const { status, json } = await api.call("GET", `/api/v1/things?${query}`, { as: "viewer" });
      expect(status).toBe(400);
      expect(json["fields"]).toContainEqual(expect.objectContaining({ path }));
    }
  });
});

describe("who may call", () => {
  it("refuses nobody, somebody unknown and somebody with too small a role", async () => {
    const body = { name: "a" };
    const nobody = await api.call("POST", "/api/v1/things", { body });
    expect(nobody.status).toBe(401);
    expect(nobody.headers["www-authenticate"]).toBe("Bearer");
    expect((await api.call("POST", "/api/v1/things", { as: "viewer", body })).status).toBe(403);
    expect(api.writes).toEqual([]);
  });

  it("takes the only grant's tenant, and asks where there are several", async () => {
    const one = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "a" } });
    expect(one.json).toEqual({ made: 1, tenant: tenantA });
    for (const as of ["two", "staff"]) {
      const { status, json } = await api.call("GET", "/api/v1/things", { as });
      expect([status, json["code"]]).toEqual([400, "tenant_required"]);
      expect((await api.call("GET", "/api/v1/whoami", { as })).status).toBe(200);
    }
  });

  it("answers the same for another's tenant and for one that is not there", async () => {
    const answers = await Promise.all(
      [tenantB, "ten_01k0000000000000000000000c"].map((tenant) =>
        api.call("GET", "/api/v1/things", { as: "viewer", headers: { "steward-tenant": tenant } }),
      ),
    );
    const [foreign, absent] = answers.map(({ status, text }) => `${status} ${text.replace(/ten_\w+/g, "ten")}`);
    expect(foreign).toBe(absent);
    expect(answers[0]?.status).toBe(404);
  });

  it("judges the role in the tenant that is named, not the best one", async () => {
    const answer = await api.call("POST", "/api/v1/things", {
      as: "two",
      body: { name: "a" },
      headers: { "steward-tenant": tenantB },
    });
    expect(answer.status).toBe(403);
  });
});

describe("a tenant that is not active", () => {
  it("is still looked at, and nothing is changed in it by its own people", async () => {
    for (const status of ["suspended", "deleting"] as const) {
      api.statuses[tenantA] = status;
      expect((await api.call("GET", "/api/v1/things", { as: "viewer" })).status).toBe(200);
      const refused = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "x" } });
      expect(refused).toMatchObject({ status: 403, json: { code: "tenant_suspended" } });
    }
    expect(api.writes).toEqual([]);
    api.statuses[tenantA] = "active";
    expect((await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "x" } })).status).toBe(201);
  });

  it("may be tidied up by the provider's staff, until it is being removed: then it is not there for anybody", async () => {
    const headers = { "steward-tenant": tenantA };
    const make = () => api.call("POST", "/api/v1/things", { as: "staff", headers, body: { name: "x" } });
    api.statuses[tenantA] = "suspended";
    expect((await make()).status).toBe(201);
    for (const status of ["purging", "purged", undefined] as const) {
      if (status === undefined) delete api.statuses[tenantA];
      else api.statuses[tenantA] = status;
      expect(await make()).toMatchObject({ status: 404, json: { code: "not_found" } });
    }
    expect(api.writes).toHaveLength(1);
  });

  it("is told so before its body is judged, and keeps no key of what was refused", async () => {
    api.statuses[tenantA] = "suspended";
    const call = { as: "operator", headers: { "idempotency-key": "k" }, body: { name: 1 } };
    expect((await api.call("POST", "/api/v1/things", call)).json["code"]).toBe("tenant_suspended");
    api.statuses[tenantA] = "active";
    const later = await api.call("POST", "/api/v1/things", { ...call, body: { name: "x" } });
    expect(later).toMatchObject({ status: 201, json: { made: 1 } });
  });
});

describe("who is refused is counted", () => {
  const body = { name: "a" };
  it.each([
    ["nobody", {}, { status: 401, code: "unauthenticated", route: "make" }],
    [
      "too small a role, in the tenant that was meant",
      { as: "viewer" },
      { status: 403, code: "forbidden", route: "make", by: { who: "viewer", tenantId: tenantA } },
    ],
    [
      "somebody else's tenant, in the caller's own",
      { as: "operator", headers: { "steward-tenant": tenantB } },
      { status: 404, code: "not_found", route: "make", by: { who: "operator", tenantId: tenantA } },
    ],
  ])("%s", async (_name, request, denied) => {
    await api.call("POST", "/api/v1/things", { ...request, body });
    expect(api.denials).toEqual([{ requestId: "req-1", ...denied }]);
  });

  it("also whose proof was good and who may do nothing any more", async () => {
    api.deps.authenticate = async () => {
      throw blame(new AppError("unauthenticated", "this session has ended"), { who: "per_1", tenantId: tenantA });
    };
    const { text } = await api.call("GET", "/api/v1/things", { as: "viewer" });
    expect(api.denials).toEqual([
      {
        status: 401,
        code: "unauthenticated",
        route: "list",
        requestId: "req-1",
        by: { who: "per_1", tenantId: tenantA },
      },
    ]);
    expect(text).not.toContain("per_1");
  });

  it("but not what is malformed, absent or our own fault", async () => {
    await api.call("POST", "/api/v1/things", { as: "operator", body: { name: 5 } });
    await api.call("GET", "/api/v1/nothing", { as: "operator" });
    await api.call("GET", "/api/v1/broken/x", { as: "viewer" });
    expect(api.denials).toEqual([]);
  });
});

describe("doors, routes and methods", () => {
  it("serves each route at its own door only", async () => {
    const atNodes = await api.call("GET", "/api/v1/whoami", { as: "viewer", domain: "nodes.test" });
    const atApi = await api.call("POST", "/api/v1/beat", { as: "staff", body: { n: 1 } });
    const elsewhere = await api.call("GET", "/api/v1/whoami", { as: "viewer", domain: "execute-api.test" });
    for (const answer of [atNodes, atApi, elsewhere]) {
      expect([answer.status, answer.json["code"]]).toEqual([404, "wrong_door"]);
    }
  });

  it("tells an unknown path from a method that is not possible", async () => {
    expect((await api.call("GET", "/api/v1/nothing", { as: "viewer" })).json["code"]).toBe("not_found");
    const wrong = await api.call("DELETE", "/api/v1/things", { as: "viewer" });
    expect([wrong.status, wrong.headers["allow"]]).toEqual([405, "POST, GET, HEAD"]);
  });

  it("wants a certificate at the nodes door", async () => {
    const answer = await api.call("POST", "/api/v1/beat", { domain: "nodes.test", body: { n: 1 } });
    expect([answer.status, answer.json["code"]]).toEqual([401, "certificate_refused"]);
    expect(api.writes).toEqual([]);
  });

  it("does not start with a route that nobody serves, or that has no door or access rule", () => {
    expect(() => createApp(api.deps, { bindings: [], table })).toThrow("make has no binding");
    const { door: _door, ...doorless } = table.whoami;
    const { access: _access, ...open } = table.whoami;
    for (const [route, problem] of [
      [doorless, "whoami declares no door"],
      [open, "whoami declares no access"],
    ] as const) {
      const odd = route as unknown as Route;
      expect(() => createApp(api.deps, { table: { odd }, bindings: [bind(odd, async () => undefined)] })).toThrow(
        problem,
      );
    }
  });

  it("binds every route of Steward", () => {
    expect(bindings.map(({ route }) => route.id).sort()).toEqual(Object.keys(routes).sort());
    for (const [servedBy, own] of Object.entries(bindingsByFunction) as [ServedBy, Binding[]][]) {
      expect(() => createApp(api.deps, { servedBy, bindings: own, table: routes }), servedBy).not.toThrow();
      // A function that knows only its own routes refuses another one's all the same.
      expect(() => createApp(api.deps, { servedBy, bindings }), servedBy).toThrow(
        "is bound but not in the route table",
      );
    }
  });
});

describe("idempotency keys", () => {
  const headers = { "idempotency-key": "k-1" };

  it("make a thing once and give its answer again", async () => {
    const first = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "a" }, headers });
    const again = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "a" }, headers });
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect(again.headers["idempotency-replayed"]).toBe("true");
    expect(api.writes).toHaveLength(1);
  });

  it("refuse another content, and belong to one person and tenant", async () => {
    await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "a" }, headers });
    const other = await api.call("POST", "/api/v1/things", { as: "operator", body: { name: "b" }, headers });
    expect([other.status, other.json["code"]]).toEqual([422, "idempotency_mismatch"]);
    const somebody = await api.call("POST", "/api/v1/things", {
      as: "two",
      body: { name: "b" },
      headers: { ...headers, "steward-tenant": tenantA },
    });
    expect(somebody.status).toBe(201);
    expect(api.writes).toHaveLength(2);
  });
});

describe("lists", () => {
  it("go on with a cursor of their own only", async () => {
    const first = await api.call("GET", "/api/v1/things?color=red", { as: "viewer" });
    const cursor = String(first.json["cursor"]);
    const next = await api.call("GET", `/api/v1/things?color=red&limit=7&cursor=${cursor}`, { as: "viewer" });
    expect(next.json["items"]).toEqual(["further"]);
    expect(cursor).not.toContain("further");
    for (const [target, as] of [
      [`/api/v1/things?color=blue&cursor=${cursor}`, "viewer"],
      [`/api/v1/things?color=red&cursor=${cursor}`, "operator"],
      [`/api/v1/things?color=red&cursor=${cursor.slice(0, -2)}AA`, "viewer"],
    ] as const) {
      const { status, json } = await api.call("GET", target, { as });
      expect(status).toBe(400);
      expect(json["fields"]).toContainEqual(expect.objectContaining({ path: "cursor" }));
    }
  });
});

describe("answers", () => {
  it("never tell a caller what broke inside", async () => {
    const answer = await api.call("GET", "/api/v1/broken/x", { as: "viewer" });
    expect([answer.status, answer.json["code"]]).toEqual([500, "internal"]);
    expect(answer.text).not.toContain("hunter2");
    expect(api.logged).toContain("request_failed");
  });

  it("carry the security headers and the request's id, also when refused; and no CORS", async () => {
    for (const path of ["/api/v1/whoami", "/docs", "/nothing"]) {
      const answer = await api.call("GET", path);
      expect(answer.headers).toMatchObject({ "x-content-type-options": "nosniff", "steward-request-id": "req-1" });
      expect(String(answer.headers["content-security-policy"])).toContain("default-src 'none'");
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("hold to the route's schema where that is checked", async () => {
    const app = createApp(api.deps, {
      table: { whoami: table.whoami },
      bindings: [bind(table.whoami, async () => ({ id: 5 }) as unknown as { id: string })],
    });
    const handle = createHttpHandler(app);
    const { statusCode } = await handle({
      headers: { authorization: "Bearer viewer" },
      rawPath: "/api/v1/whoami",
      rawQueryString: "",
      isBase64Encoded: false,
      requestContext: { domainName: "api.test", requestId: "r", http: { method: "GET" } },
    } as unknown as HttpEvent);
    expect(statusCode).toBe(500);
  });
});

describe("documents", () => {
  it("describe every route of Steward", async () => {
    const { json } = await api.call("GET", "/openapi.json");
    const operations = Object.values(json["paths"] as Record<string, Record<string, { operationId: string }>>).flatMap(
      (methods) => Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(operations.sort()).toEqual(Object.keys(routes).sort());
    const { text } = await api.call("GET", "/docs");
    for (const id of operations) expect(text).toContain(`id="${id}"`);
    expect(text).not.toMatch(/https?:\/\/(?!json-schema)/);
  });

  it("give the token key as a JWK", async () => {
    const { json } = await api.call("GET", "/.well-known/jwks.json");
    expect((json["keys"] as object[])[0]).toMatchObject({ kty: "EC", crv: "P-256", alg: "ES256", kid: "k" });
    expect((json["keys"] as object[])[0]).not.toHaveProperty("d");
  });
});

it("nothing of a tenant's is kept for repetitions with its provider's staff, where no purge of the tenant looks", () => {
  const kept = Object.values<Route>(routes).filter(
    (route) => "staff" in route.access && route.idempotent === true && route.path.includes("{tenantId}"),
  );
  expect(kept.map(({ id }) => id)).toContain("answerEscalation");
  const big = kept.filter(
    ({ answer }) => answer !== undefined && "plan" in ((answer as { shape?: object }).shape ?? {}),
  );
  expect(big.map(({ id }) => id)).toEqual([]);
});
