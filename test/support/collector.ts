import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";

/** A span as a collector is told of it. */
export interface ToldSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** 2: a server's; 3: a client's; 5: a consumer's. */
  kind: number;
  attributes: Record<string, unknown>;
  /** Ids of the spans that it is linked to. */
  links: string[];
  /** The resource's `service.name`. */
  service: unknown;
}

export interface Collector {
  url: string;
  spans: ToldSpan[];
  /** How often it was sent something. */
  readonly requests: number;
  /** All that was ever received. */
  readonly text: string;
  /** From now on it takes what it is sent and never answers. */
  hang(): void;
  close(): Promise<void>;
}

const valueSchema = z.record(z.string(), z.unknown()).transform((value) => Object.values(value)[0]);
const attributesSchema = z
  .array(z.object({ key: z.string(), value: valueSchema }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value])));
const spanSchema = z.object({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes: attributesSchema,
  links: z.array(z.object({ spanId: z.string() })).default([]),
});
/** `ExportTraceServiceRequest` of OTLP 1.x, as JSON. */
const requestSchema = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributesSchema }),
      scopeSpans: z.array(z.object({ spans: z.array(spanSchema) })),
    }),
  ),
});

/** An OpenTelemetry collector's door for OTLP/HTTP with JSON, which keeps what it is told. */
export async function startCollector(): Promise<Collector> {
  const spans: ToldSpan[] = [];
  let text = "";
  let hangs = false;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (hangs) return;
      const body = Buffer.concat(chunks).toString("utf8");
      const isTraces = request.url === "/v1/traces" && request.headers["content-type"] === "application/json";
      const told = requestSchema.safeParse(isTraces ? JSON.parse(body) : undefined);
      if (!told.success) {
        response.writeHead(400).end(told.error.message);
        return;
      }
      text += body;
      for (const { resource, scopeSpans } of told.data.resourceSpans) {
        const service = resource.attributes["service.name"];
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
          const { parentSpanId, links, ...rest } = span;
          spans.push({ ...rest, parentSpanId, links: links.map(({ spanId }) => spanId), service });
        }
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    get requests() {
      return requests;
    },
    get text() {
      return text;
    },
    hang: () => {
      hangs = true;
    },
    close: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
