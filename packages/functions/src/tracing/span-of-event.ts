import { redactText } from "@steward/contracts/redact";
import { tenantIdSchema } from "@steward/contracts/ids";
import { z } from "zod";
import type { Trigger } from "../definitions.ts";

/** What is told of an invocation, by OpenTelemetry's conventions: where it came in, and nothing of what it holds. */
export interface SpanOfEvent {
  name: string;
  kind: "server" | "consumer";
  attributes: Record<string, string | number>;
  /** Of whoever called, as they sent it. */
  traceparent?: string;
}

const httpSchema = z.object({
  routeKey: z.string().optional(),
  rawPath: z.string(),
  headers: z.record(z.string(), z.string().optional()),
  requestContext: z.object({ domainName: z.string().optional(), http: z.object({ method: z.string() }) }),
});
const queueSchema = z.object({
  Records: z.array(z.object({ body: z.string() })),
});

export function spanOfEvent(functionName: string, trigger: Trigger, event: unknown): SpanOfEvent {
  switch (trigger.kind) {
    case "http":
      return ofHttp(functionName, event);
    case "queue":
      return ofQueue(trigger.queue, event);
    default:
      return {
        name: functionName,
        kind: "server",
        attributes: { "faas.trigger": trigger.kind === "schedule" ? "timer" : "other" },
      };
  }
}

function ofHttp(functionName: string, event: unknown): SpanOfEvent {
  const parsed = httpSchema.safeParse(event);
  if (!parsed.success) return { name: functionName, kind: "server", attributes: {} };
  const { routeKey, rawPath, headers, requestContext } = parsed.data;
  const { method } = requestContext.http;
  // `GET /api/v1/tasks/{taskId}`; what no route claims is `$default`.
  const route = routeKey?.startsWith(`${method} `) === true ? routeKey.slice(method.length + 1) : undefined;
  const tenant = tenantIdSchema.safeParse(headers["steward-tenant"]);
  const { traceparent } = headers;
  return {
    name: route === undefined ? method : `${method} ${route}`,
    kind: "server",
    attributes: {
      "faas.trigger": "http",
      "http.request.method": method,
      // Without its query: what somebody types behind a question mark is nobody's business here.
      "url.path": redactText(rawPath.slice(0, 500)),
      "url.scheme": "https",
      ...(route === undefined ? {} : { "http.route": route }),
      ...(requestContext.domainName === undefined ? {} : { "server.address": requestContext.domainName }),
      ...(tenant.success ? { "steward.tenant.id": tenant.data } : {}),
    },
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function ofQueue(queue: string, event: unknown): SpanOfEvent {
  const parsed = queueSchema.safeParse(event);
  const records = parsed.success ? parsed.data.Records : [];
  const tenants = new Set(records.flatMap(({ body }) => tenantIn(body) ?? []));
  const [tenant, another] = tenants;
  return {
    name: `process ${queue}`,
    kind: "consumer",
    attributes: {
      "faas.trigger": "pubsub",
      "messaging.system": "aws_sqs",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": queue,
      "messaging.batch.message_count": records.length,
      ...(tenant === undefined || another !== undefined ? {} : { "steward.tenant.id": tenant }),
    },
  };
}

function tenantIn(body: string): string | undefined {
  try {
    const parsed = z.object({ tenantId: tenantIdSchema }).safeParse(JSON.parse(body));
    return parsed.success ? parsed.data.tenantId : undefined;
  } catch {
    return undefined;
  }
}
