import { describe, expect, it } from "vitest";
import { createClient, errorOf } from "./client.ts";
import { errorCodes } from "./errors.ts";
import { newTraceId, parseTraceparent } from "./trace-context.ts";

const problem = (more: Record<string, unknown>) =>
  JSON.stringify({
    type: "about:blank",
    title: "t",
    status: 409,
    code: "conflict",
    detail: "Changed meanwhile",
    ...more,
  });

describe("an error of the API", () => {
  it.each(Object.keys(errorCodes))("comes out of the client as it went in: %s", (code) => {
    const { status, retryable } = errorCodes[code as keyof typeof errorCodes];
    expect(errorOf(status, problem({ code, status }))).toMatchObject({ code, retryable, message: "Changed meanwhile" });
  });

  it("keeps fields, the next step, the wait and further facts", () => {
    const fields = [{ path: "steps.0.action", message: "unknown" }];
    const error = errorOf(409, problem({ fields, next: "Try again", requestId: "r1", sequence: 7 }), "30");
    expect(error).toMatchObject({
      fields,
      next: "Try again",
      retryAfterSeconds: 30,
      details: { requestId: "r1", sequence: 7 },
    });
  });

  it("is still an error when it is no problem document: retryable from the server's side, not from ours", () => {
    expect(errorOf(502, "<html>bad gateway</html>")).toMatchObject({ code: "unavailable", retryable: true });
    expect(errorOf(400, "")).toMatchObject({ code: "invalid_request", retryable: false });
    expect(errorOf(500, problem({ code: "from_the_future" }))).toMatchObject({ code: "internal" });
    expect(errorOf(409, problem({}), "soon").retryAfterSeconds).toBeUndefined();
  });
});

describe("the client", () => {
  it("fills the path, sends a body and a key, and holds the answer to its schema", async () => {
    const seen: { method: string; url: string; headers: Record<string, string>; body?: string }[] = [];
    let text = JSON.stringify({ token: "x" });
    const client = createClient({
      baseUrl: "https://api.example/",
      headers: () => ({ authorization: "Bearer t" }),
      transport: async (request) => {
        seen.push(request);
        return { status: 200, text: async () => text, header: () => undefined };
      },
    });
    await expect(client("getTask", { params: { taskId: "tsk_01jd0000000000000000000000" } })).rejects.toThrow();
    expect(seen[0]).toMatchObject({
      method: "GET",
      headers: { authorization: "Bearer t", accept: "application/json" },
    });
    expect(seen[0]?.url).toBe("https://api.example/api/v1/tasks/tsk_01jd0000000000000000000000");
    expect(seen[0]?.body).toBeUndefined();

    text = "{}";
    const body = { instruction: "add user john", targets: ["all"] };
    await expect(client("submitTask", { body, idempotencyKey: "k1" })).rejects.toThrow();
    expect(seen[1]).toMatchObject({
      method: "POST",
      body: JSON.stringify(body),
      headers: { "idempotency-key": "k1", "content-type": "application/json" },
    });
  });

  it("says which request a call belongs to, and hands on what the answer says beside itself", async () => {
    const seen: Record<string, string>[] = [];
    let status = 200;
    const ofAll = newTraceId();
    const client = createClient({
      baseUrl: "https://api.example",
      headers: () => ({ traceparent: `00-${ofAll}-${"1".repeat(16)}-00` }),
      transport: async ({ headers }) => {
        seen.push(headers);
        return { status, text: async () => '{"runs":[]}', header: (name) => `the header ${name}` };
      },
    });
    const sentWith = () => parseTraceparent(seen.at(-1)?.["traceparent"])?.traceId;
    const told: (string | undefined)[] = [];
    const requestId = newTraceId();
    const onHeaders = (header: (name: string) => string | undefined) => told.push(header("traceparent"));
    await client("pendingRuns", { requestId, onHeaders });
    expect([sentWith(), told]).toEqual([requestId, ["the header traceparent"]]);
    // What no header carries goes with the client's own.
    await client("pendingRuns", { requestId: "JKJaXmPLvHcESHA=" });
    expect(sentWith()).toBe(ofAll);
    // Nothing is believed of an answer that is none; what can be looked for is what was sent.
    status = 502;
    await expect(client("pendingRuns", { requestId, onHeaders })).rejects.toMatchObject({ details: { requestId } });
    expect(told).toHaveLength(1);
  });
});
