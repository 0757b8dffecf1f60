import type { z } from "zod";
import { AppError, type ErrorCode, errorCodes } from "./errors.ts";
import { problemSchema } from "./problem.ts";
import type { Route } from "./route.ts";
import { parseTraceparent, traceparentHeader, traceparentOf } from "./trace-context.ts";

export type InputOf<R extends Route> = (R extends { params: infer P extends z.ZodType }
  ? { params: z.input<P> }
  : unknown) &
  (R extends { query: infer Q extends z.ZodType } ? { query?: z.input<Q> } : unknown) &
  (R extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : unknown) & {
    idempotencyKey?: string;
    signal?: AbortSignal;
  } & Traced;
export type AnswerOf<R extends Route> = R extends { answer: infer A extends z.ZodType } ? z.output<A> : undefined;

/** How a call is part of a request that goes further than itself. */
interface Traced {
  /** The request that it belongs to. One that no header carries is left out. */
  requestId?: string | undefined;
  /** Told the headers of an answer that is none of an error. */
  onHeaders?: (header: (name: string) => string | undefined) => void;
}

/** One HTTP exchange. The CLI and the dashboard give `fetch`, the nodes a client with their certificate. */
export type Transport = (request: {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}) => Promise<{ status: number; text: () => Promise<string>; header: (name: string) => string | undefined }>;

export interface CallerOptions {
  baseUrl: string;
  transport: Transport;
  /** Called for every request: `Authorization`, `Steward-Tenant`, request id. */
  headers?: () => Promise<Record<string, string>> | Record<string, string>;
  /** Takes answers as they are: for a page of the API's own origin, which may be older than the API that it talks to. */
  trustsAnswers?: boolean;
}

export type Caller = <R extends Route>(route: R, input: InputOf<R>) => Promise<AnswerOf<R>>;

/**
 * Calls a route by its definition: whoever ships to a browser imports the nouns that it needs, and not the table of all.
 * Throws `AppError` with the code that the API answered.
 */
export function createCaller(options: CallerOptions): Caller {
  return async (route, input) => {
    const given = input as {
      params?: object;
      query?: object;
      body?: unknown;
      idempotencyKey?: string;
      signal?: AbortSignal;
    } & Traced;
    const headers: Record<string, string> = { accept: "application/json", ...(await options.headers?.()) };
    if (given.body !== undefined) headers["content-type"] = "application/json";
    if (given.idempotencyKey !== undefined) headers["idempotency-key"] = given.idempotencyKey;
    const traceparent = traceparentOf(given.requestId);
    if (traceparent !== undefined) headers[traceparentHeader] = traceparent;
    const response = await options.transport({
      method: route.method,
      url: options.baseUrl.replace(/\/$/, "") + pathOf(route.path, given.params ?? {}) + queryOf(given.query ?? {}),
      headers,
      ...(given.body === undefined ? {} : { body: JSON.stringify(given.body) }),
      ...(given.signal === undefined ? {} : { signal: given.signal }),
    });
    const text = await response.text();
    if (response.status >= 400) {
      const requestId = parseTraceparent(headers[traceparentHeader])?.traceId;
      throw errorOf(response.status, text, response.header("retry-after"), requestId);
    }
    given.onHeaders?.(response.header);
    if (!route.answer) return undefined as never;
    const answer: unknown = route.contentType === undefined ? JSON.parse(text) : text;
    return (options.trustsAnswers === true ? answer : route.answer.parse(answer)) as never;
  };
}

function pathOf(path: string, params: object): string {
  return path.replace(/\{(\w+)\}/g, (_, key: string) =>
    encodeURIComponent(String((params as Record<string, unknown>)[key])),
  );
}

function queryOf(query: object): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

/** Turns a problem document into the `AppError` that it was. `requestId`: as sent, for what is none and names no request. */
export function errorOf(status: number, text: string, retryAfter?: string, requestId?: string): AppError {
  const parsed = problemSchema.safeParse(parseJson(text));
  const seconds = retryAfter === undefined ? undefined : Number(retryAfter);
  if (!parsed.success) {
    // The gateway's own answers, which are no problem documents: a stage's throttle among them.
    const code: ErrorCode = status >= 500 ? "unavailable" : status === 429 ? "too_many_requests" : "invalid_request";
    return new AppError(code, `the server answered ${status}: ${text.slice(0, 200)}`, {
      retryable: status >= 500 || status === 429,
      ...(seconds === undefined || Number.isNaN(seconds) ? {} : { retryAfterSeconds: seconds }),
      ...(requestId === undefined ? {} : { details: { requestId } }),
    });
  }
  const {
    code,
    detail,
    next,
    fields,
    type: _type,
    title: _title,
    status: _status,
    requestId: told,
    ...details
  } = parsed.data;
  const known = code in errorCodes ? (code as ErrorCode) : status >= 500 ? "internal" : "invalid_request";
  return new AppError(known, detail, {
    ...(next === undefined ? {} : { next }),
    ...(fields === undefined ? {} : { fields }),
    ...(seconds === undefined || Number.isNaN(seconds) ? {} : { retryAfterSeconds: seconds }),
    details: { ...details, requestId: told },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
