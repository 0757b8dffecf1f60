import { generateKeyPairSync } from "node:crypto";
import type { BucketOwner } from "@steward/aws/records/rate-bucket";
import { AppError } from "@steward/contracts/errors";
import type { TenantStatus } from "@steward/contracts/tenant";
import type { RoleGrant } from "@steward/contracts/roles";
import { defineRoute, pageOf, pageQuery, type Route } from "@steward/contracts/route";
import { z } from "zod";
import { createApp, createHttpHandler } from "../../src/app.ts";
import type { AppDeps } from "../../src/app-deps.ts";
import { bind } from "../../src/bind.ts";
import { bindDocuments } from "../../src/documents.ts";
import type { IdempotencyStore, KeptAnswer } from "../../src/idempotency.ts";
import type { HttpEvent } from "../../src/lambda-event.ts";

export const tenantA = "ten_01k0000000000000000000000a";
export const tenantB = "ten_01k0000000000000000000000b";

const rates = {
  principal: { perSecond: 10, burst: 50 },
  tenant: { perSecond: 50, burst: 200 },
  source: { perSecond: 1, burst: 20 },
};

export const table = {
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
  plain: defineRoute({
    id: "plain",
    method: "GET",
    path: "/plain",
    door: "api",
    servedBy: "api",
    access: { role: "viewer" },
    summary: "Text",
    status: 200,
    answer: z.string(),
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    takesServiceToken: true,
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
export function setUp() {
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
    authenticateToken: async (text: string) => {
      if (text !== "stw_good") throw new AppError("unauthenticated", "not one of ours");
      const grants: RoleGrant[] = [{ tenant: tenantA, role: "viewer" }];
      return { principal: { kind: "token", id: "tok_1", name: "scraper", grants }, sessionId: "tok_1" };
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
      bind(table.plain, async () => 'lines{of="text"} 3\n'),
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
