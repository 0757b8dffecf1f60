import { localAccount } from "../account.ts";
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpEvent, HttpResult } from "@steward/api/lambda-event";
import { z } from "zod";

/** What an HTTP API accepts at most. */
const maxBodyBytes = 10 * 1024 * 1024;

export type ClientCertificate = NonNullable<HttpEvent["requestContext"]["authentication"]>["clientCert"];

/** The body, or `too_large` as soon as that is known; what comes after is not read. */
export async function readRequestBody(request: IncomingMessage): Promise<Buffer | "too_large"> {
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) return "too_large";
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return "too_large";
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The request as API Gateway would hand it on (HTTP API, payload format 2.0). */
export function eventOf(
  request: IncomingMessage,
  body: Buffer,
  options: { domainName: string; clientCert?: ClientCertificate; nowMs: number },
): HttpEvent {
  const target = request.url ?? "/";
  const mark = target.indexOf("?");
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const rawQueryString = mark < 0 ? "" : target.slice(mark + 1);
  const { cookie, ...rest } = request.headers;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(",") : value;
  }
  const method = request.method ?? "GET";
  const query = queryParameters(rawQueryString);
  // As the gateway does: text stays text, everything else goes as base64.
  const isText = /^(text\/|application\/(json|.*\+json|javascript|xml|x-www-form-urlencoded))/i.test(
    headers["content-type"] ?? "",
  );
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split("; ") }),
    headers,
    ...(query === undefined ? {} : { queryStringParameters: query }),
    requestContext: {
      accountId: localAccount,
      apiId: "local",
      domainName: options.domainName,
      domainPrefix: options.domainName.split(".")[0] ?? "",
      http: {
        method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? "",
        userAgent: headers["user-agent"] ?? "",
      },
      requestId: randomUUID(),
      routeKey: "$default",
      stage: "$default",
      time: new Date(options.nowMs).toISOString(),
      timeEpoch: options.nowMs,
      ...(options.clientCert === undefined ? {} : { authentication: { clientCert: options.clientCert } }),
    },
    ...(body.length === 0 ? {} : { body: body.toString(isText && isUtf8(body) ? "utf8" : "base64") }),
    isBase64Encoded: body.length > 0 && !(isText && isUtf8(body)),
  };
}

function isUtf8(body: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(body);
    return true;
  } catch {
    return false;
  }
}

function queryParameters(rawQueryString: string): Record<string, string> | undefined {
  if (rawQueryString === "") return undefined;
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value;
  }
  return parameters;
}

const resultSchema = z.object({
  statusCode: z.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  body: z.string().optional(),
  isBase64Encoded: z.boolean().optional(),
  cookies: z.array(z.string()).optional(),
});

/** Sends a function's answer; one that is not an HTTP answer is a 500, as it is at the gateway. */
export function sendResult(response: ServerResponse, result: unknown): void {
  const parsed = resultSchema.safeParse(result);
  if (!parsed.success) return sendMessage(response, 500, "Internal Server Error");
  const { statusCode, headers, body, isBase64Encoded, cookies }: HttpResult = parsed.data;
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, String(value));
  if (cookies !== undefined && cookies.length > 0) response.setHeader("set-cookie", cookies);
  response.statusCode = statusCode ?? 200;
  if (statusCode === 204 || statusCode === 304) response.end();
  else response.end(Buffer.from(body ?? "", isBase64Encoded === true ? "base64" : "utf8"));
}

/** An answer of the door itself, in the gateway's words. */
export function sendMessage(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ message }));
}
