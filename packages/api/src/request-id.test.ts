import { traceIdSchema } from "@steward/contracts/request-id";
import { newSpanId, newTraceId, parseTraceparent, traceparentOf } from "@steward/contracts/trace-context";
import { goOnFor, requestInHand } from "@steward/control/request-scope";
import { beforeEach, describe, expect, it } from "vitest";
import { setUp, table } from "../test/support/small-app.ts";
import { createApp, createHttpHandler } from "./app.ts";
import { bind } from "./bind.ts";
import type { HttpEvent } from "./lambda-event.ts";

let api: ReturnType<typeof setUp>;
beforeEach(() => {
  api = setUp();
});

const whoami = (headers: Record<string, string> = {}) => api.call("GET", "/api/v1/whoami", { as: "viewer", headers });

describe("the id of a request", () => {
  it("is the trace id that the caller brings", async () => {
    const requestId = newTraceId();
    const { headers } = await whoami({ traceparent: traceparentOf(requestId) ?? "" });
    expect(headers["steward-request-id"]).toBe(requestId);
    const refused = await api.call("GET", "/api/v1/whoami", {
      headers: { traceparent: traceparentOf(requestId) ?? "" },
    });
    expect(refused.json).toMatchObject({ code: "unauthenticated", requestId });
  });

  it("is a new one where none is brought: never the gateway's own, which no header carries on", async () => {
    const ids = [await whoami(), await whoami()].map(({ headers }) => String(headers["steward-request-id"]));
    for (const id of ids) expect(traceIdSchema.parse(id)).toBe(id);
    expect(new Set(ids).size).toBe(2);
  });

  const traceId = newTraceId();
  it.each([
    ["too long", `00-${traceId}-${newSpanId()}-01-and-more`],
    ["upper case", `00-${traceId.toUpperCase()}-${newSpanId()}-01`],
    ["all zero", `00-${"0".repeat(32)}-${newSpanId()}-01`],
    ["with control characters", `00-${traceId}-${newSpanId()}-01\u007f`],
    ["brought twice", `00-${traceId}-${newSpanId()}-01,00-${traceId}-${newSpanId()}-01`],
    ["something else", "<script>"],
    ["enormous", "a".repeat(8_000)],
  ])("a header that is %s changes nothing, and is told to nobody", async (_what, traceparent) => {
    const plain = await whoami();
    const answer = await whoami({ traceparent });
    expect([answer.status, answer.text]).toEqual([plain.status, plain.text]);
    const id = String(answer.headers["steward-request-id"]);
    expect(id).not.toBe(traceId);
    expect(traceIdSchema.parse(id)).toBe(id);
    expect(JSON.stringify(answer).toLowerCase()).not.toContain(traceparent.toLowerCase());
  });

  it("with the gateway's own, is in the line about a fault: the access log knows only that one", async () => {
    const lines: Record<string, unknown>[] = [];
    api.deps.log = (_level, _event, fields = {}) => void lines.push(fields);
    const { status, headers } = await api.call("GET", "/api/v1/broken/x", { as: "viewer" });
    expect(status).toBe(500);
    expect(lines).toEqual([
      expect.objectContaining({ requestId: headers["steward-request-id"], gatewayRequestId: "req-1" }),
    ]);
  });
});

describe("while a request is handled", () => {
  const serve = async (work: () => void, headers: Record<string, string> = {}) => {
    const app = createApp(api.deps, {
      table: { whoami: table.whoami },
      bindings: [
        bind(table.whoami, async () => {
          work();
          return { id: requestInHand() ?? "none" };
        }),
      ],
    });
    const { body, headers: told } = await createHttpHandler(app)({
      headers: { authorization: "Bearer viewer", ...headers },
      rawPath: "/api/v1/whoami",
      rawQueryString: "",
      isBase64Encoded: false,
      requestContext: { domainName: "api.test", requestId: "r", http: { method: "GET" } },
    } as unknown as HttpEvent);
    return { ...(JSON.parse(body ?? "{}") as { id?: string }), told: told ?? {} };
  };

  it("everything knows its id, each request's its own, and nothing does afterwards", async () => {
    const ids = Array.from({ length: 20 }, newTraceId);
    const served = await Promise.all(ids.map((id) => serve(() => {}, { traceparent: traceparentOf(id) ?? "" })));
    expect(served.map(({ id }) => id)).toEqual(ids);
    expect(served.map(({ told }) => told["traceparent"])).toEqual(ids.map(() => undefined));
    expect(requestInHand()).toBeUndefined();
  });

  it("what it goes on for is said beside the answer, and of what fails nothing is", async () => {
    const run = newTraceId();
    const { told } = await serve(() => goOnFor(run));
    expect(parseTraceparent(String(told["traceparent"]))?.traceId).toBe(run);
    expect(told["steward-request-id"]).not.toBe(run);
    const failed = await serve(() => {
      goOnFor(run);
      throw new Error("a mistake of ours");
    });
    expect(failed.told["traceparent"]).toBeUndefined();
    // An id from before there were trace ids.
    expect((await serve(() => goOnFor("JKJaXmPLvHcESHA="))).told["traceparent"]).toBeUndefined();
  });
});
