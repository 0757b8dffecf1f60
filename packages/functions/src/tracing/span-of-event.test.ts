import { newId } from "@steward/contracts/ids";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { functionDefinitions } from "../definitions.ts";
import { attributesOfCall } from "./attributes-of-call.ts";
import { headersIn, readTracingEnvironment } from "./env.ts";
import { spanOfEvent } from "./span-of-event.ts";

const { api, dispatch, sweep } = functionDefinitions;
const secret = "hunter2-is-no-word";

describe("what is told of an invocation", () => {
  it("of a request its route, its tenant and who called; never its query, its body or its headers", () => {
    const tenantId = newId("tenant", 1);
    const taskId = newId("task", 1);
    const told = spanOfEvent("api", api.trigger, {
      routeKey: "GET /api/v1/tasks/{taskId}",
      rawPath: `/api/v1/tasks/${taskId}`,
      rawQueryString: `q=${secret}`,
      headers: { authorization: `Bearer ${secret}`, "steward-tenant": tenantId, traceparent: "00-x" },
      body: secret,
      requestContext: { domainName: "api.localhost", http: { method: "GET", sourceIp: "192.0.2.7" } },
    });
    expect(told).toEqual({
      name: "GET /api/v1/tasks/{taskId}",
      kind: "server",
      traceparent: "00-x",
      attributes: {
        "faas.trigger": "http",
        "http.request.method": "GET",
        "http.route": "/api/v1/tasks/{taskId}",
        "url.path": `/api/v1/tasks/${taskId}`,
        "url.scheme": "https",
        "server.address": "api.localhost",
        "steward.tenant.id": tenantId,
      },
    });
    expect(JSON.stringify(told)).not.toContain(secret);
  });

  it("of a path that nobody has, what is no secret", () => {
    const token = `stw_${"a".repeat(26)}_${"B".repeat(43)}12345678`;
    const told = spanOfEvent("api", api.trigger, {
      routeKey: "$default",
      rawPath: `/enrol/${token}`,
      headers: {},
      requestContext: { http: { method: "GET" } },
    });
    expect([told.name, told.attributes["url.path"]]).toEqual(["GET", "/enrol/[redacted]"]);
  });

  it("of messages how many, and the tenant where it is one", () => {
    const [one, other] = [newId("tenant", 1), newId("tenant", 2)];
    const batch = (...tenants: string[]) => ({
      Records: tenants.map((tenantId) => ({ body: JSON.stringify({ tenantId, secret }) })),
    });
    expect(spanOfEvent("dispatch", dispatch.trigger, batch(one, one))).toMatchObject({
      name: "process rollouts",
      kind: "consumer",
      attributes: { "messaging.batch.message_count": 2, "steward.tenant.id": one },
    });
    expect(spanOfEvent("dispatch", dispatch.trigger, batch(one, other)).attributes).not.toHaveProperty(
      "steward.tenant.id",
    );
    expect(JSON.stringify(spanOfEvent("dispatch", dispatch.trigger, batch(one)))).not.toContain(secret);
  });

  it("of a schedule that it was one; and an event of any shape is no fault", () => {
    expect(spanOfEvent("sweep", sweep.trigger, {})).toMatchObject({
      name: "sweep",
      attributes: { "faas.trigger": "timer" },
    });
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom(api, dispatch, sweep), (event, { trigger }) => {
        expect(spanOfEvent("x", trigger, event).name).toBeTypeOf("string");
      }),
    );
  });
});

it("of a call what it is done to, by name: no key, no item, no message", () => {
  const told = attributesOfCall({
    service: "DynamoDB",
    operation: "UpdateItem",
    input: { TableName: "steward-prod", Key: { pk: secret }, ExpressionAttributeValues: { ":x": secret } },
  });
  expect(told).toEqual({
    "rpc.system": "aws-api",
    "rpc.service": "DynamoDB",
    "rpc.method": "UpdateItem",
    "db.system.name": "aws.dynamodb",
    "aws.dynamodb.table_names": ["steward-prod"],
  });
  expect(
    attributesOfCall({
      service: "SQS",
      operation: "SendMessage",
      input: { QueueUrl: "https://sqs.eu-central-1.amazonaws.com/1/steward-prod-rollouts", MessageBody: secret },
    }),
  ).toMatchObject({ "messaging.destination.name": "steward-prod-rollouts" });
  expect(attributesOfCall({ service: "KMS", operation: "Sign", input: undefined })).not.toHaveProperty("aws.s3.bucket");
});

describe("what the operator says", () => {
  it("names a collector, or says everything that is wrong at once", () => {
    expect(readTracingEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" })).toMatchObject({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318",
    });
    expect(() => readTracingEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://x", OTEL_SERVICE_NAME: "" })).toThrow(
      /OTEL_EXPORTER_OTLP_ENDPOINT[\s\S]*OTEL_SERVICE_NAME/,
    );
  });

  it("has a key as OTEL_EXPORTER_OTLP_HEADERS has it", () => {
    expect(headersIn("api-key=a%3Db, x-team = ops,nothing")).toEqual({ "api-key": "a=b", "x-team": "ops" });
  });
});
