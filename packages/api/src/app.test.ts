import { AppError } from "@steward/contracts/errors";
import type { Route, ServedBy } from "@steward/contracts/route";
import { routes } from "@steward/contracts/routes";
import { newTraceId, traceparentOf } from "@steward/contracts/trace-context";
import { blame } from "@steward/control/blame";
import { beforeEach, describe, expect, it } from "vitest";
import { setUp, table, tenantA, tenantB } from "../test/support/small-app.ts";
import { createApp, createHttpHandler } from "./app.ts";
import { type Binding, bind } from "./bind.ts";
import { bindings, bindingsByFunction } from "./bindings.ts";
import type { HttpEvent } from "./lambda-event.ts";

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

describe("an answer that is text", () => {
  it("comes as it is, with its own type", async () => {
    const { status, headers, text } = await api.call("GET", "/plain", { as: "viewer" });
    expect([status, text]).toEqual([200, 'lines{of="text"} 3\n']);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("is refused like any other, as a problem", async () => {
    const { status, headers } = await api.call("GET", "/plain");
    expect([status, headers["content-type"]]).toEqual([401, "application/problem+json"]);
  });

  it("may take a service token as it is; no other route does", async () => {
    expect((await api.call("GET", "/plain", { as: "stw_good" })).status).toBe(200);
    expect((await api.call("GET", "/plain", { as: "stw_bad" })).status).toBe(401);
    expect((await api.call("GET", "/api/v1/things", { as: "stw_good" })).status).toBe(401);
    // Before it is looked at, also where it is none: what is forged costs its address.
    const source = ["source 192.0.2.7"];
    expect(api.charged).toEqual([source, ["principal tok_1", `tenant ${tenantA}`], source]);
    const bare = Object.values(routes as Record<string, Route>).filter((route) => route.takesServiceToken === true);
    expect(bare.map(({ id, method }) => [id, method])).toEqual([["metrics", "GET"]]);
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
    expect(answer.json).toMatchObject({ code, requestId: answer.headers["steward-request-id"] });
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
    const traceparent = traceparentOf(newTraceId()) ?? "";
    const answers = await Promise.all(
      [tenantB, "ten_01k0000000000000000000000c"].map((tenant) =>
        api.call("GET", "/api/v1/things", { as: "viewer", headers: { "steward-tenant": tenant, traceparent } }),
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
    const { headers } = await api.call("POST", "/api/v1/things", { ...request, body });
    expect(api.denials).toEqual([{ requestId: headers["steward-request-id"], ...denied }]);
  });

  it("also whose proof was good and who may do nothing any more", async () => {
    api.deps.authenticate = async () => {
      throw blame(new AppError("unauthenticated", "this session has ended"), { who: "per_1", tenantId: tenantA });
    };
    const { text, headers } = await api.call("GET", "/api/v1/things", { as: "viewer" });
    expect(api.denials).toEqual([
      {
        status: 401,
        code: "unauthenticated",
        route: "list",
        requestId: headers["steward-request-id"],
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
      const requestId = expect.stringMatching(/^[0-9a-f]{32}$/);
      expect(answer.headers).toMatchObject({ "x-content-type-options": "nosniff", "steward-request-id": requestId });
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
