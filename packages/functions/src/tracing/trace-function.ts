import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { resourceNames } from "@steward/contracts/names";
import { formatTraceparent, isTraceId, parseTraceparent, traceparentHeader } from "@steward/contracts/trace-context";
import { requestInHand } from "@steward/control/request-scope";
import type { FunctionName, Trigger } from "../definitions.ts";
import { env } from "../env.ts";
import { createLog } from "../log.ts";
import { version } from "../version.ts";
import { attributesOfCall } from "./attributes-of-call.ts";
import { headersIn, readTracingEnvironment, type TracingEnvironment } from "./env.ts";
import { type ObserveCall, observeCalls } from "./observe-calls.ts";
import { createSpanKeeper } from "./span-keeper.ts";
import { type SpanOfEvent, spanOfEvent } from "./span-of-event.ts";

export type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/**
 * The function with its invocations told to a collector: a span for each, and within it one for each call of AWS. It is
 * loaded in place of the function where the operator has named a collector, and nowhere else: the function itself knows
 * nothing of it, and is loaded after the clients' observer is in place. What starts it is said by whoever runs it: the
 * definitions would be made at each start.
 */
export async function traceFunction(
  about: { name: FunctionName; trigger: Trigger },
  load: () => Promise<{ handler?: unknown }>,
): Promise<Handler> {
  const tracing = await startTracing(about.name);
  if (tracing !== undefined) observeCalls(callObserver(tracing));
  const { handler } = await load();
  if (typeof handler !== "function") throw new TypeError(`${about.name} exports no handler`);
  return tracing === undefined ? (handler as Handler) : traced(about, handler as Handler, tracing);
}

interface Tracing {
  tracer: Tracer;
  active: AsyncLocalStorage<Invocation>;
  flush: () => Promise<void>;
}

interface Invocation {
  span: Span;
  context: Context;
  about: SpanOfEvent;
  /** What it did for requests that it found out about in its records, by their ids: a part of their traces, not of its own. */
  parts: Map<string, { span: Span; context: Context }>;
}

/** Undefined where it cannot be: a function does its work also where nobody can be told of it. */
async function startTracing(name: FunctionName): Promise<Tracing | undefined> {
  const { STEWARD_STAGE: stage, AWS_REGION: region } = env();
  const log = createLog(name, stage);
  try {
    const environment = readTracingEnvironment();
    const headers = await readHeaders(environment);
    const keeper = createSpanKeeper({
      exporter: new OTLPTraceExporter({ timeoutMillis: 1_000, ...(headers === undefined ? {} : { headers }) }),
      nowMs: () => Date.now(),
      onLost: (why) => log("warn", "spans_lost", { ...why }),
    });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        "service.name": environment.OTEL_SERVICE_NAME ?? resourceNames(stage).lambda(name),
        "service.version": version,
        "deployment.environment.name": stage,
        "faas.name": resourceNames(stage).lambda(name),
        "cloud.provider": "aws",
        "cloud.region": region,
      }),
      // Unless the operator says otherwise all are told: our own callers bring a trace's id and decide nothing about it, so that
      // a sampler that follows its parent would tell none of theirs.
      ...(environment.OTEL_TRACES_SAMPLER === undefined ? { sampler: new AlwaysOnSampler() } : {}),
      spanProcessors: [keeper],
    });
    const tracer = provider.getTracer("steward", version);
    return { tracer, active: new AsyncLocalStorage(), flush: () => keeper.flush() };
  } catch (error) {
    log("warn", "tracing_off", { error });
    return undefined;
  }
}

/** The collector's key, which no environment holds. */
async function readHeaders(environment: TracingEnvironment): Promise<Record<string, string> | undefined> {
  const { STEWARD_OTEL_HEADERS_SECRET: name } = environment;
  if (name === undefined) return undefined;
  const [{ getSecret }, { createSecrets }] = await Promise.all([
    import("@steward/aws/secrets"),
    import("@steward/aws/clients/secrets"),
  ]);
  const text = await getSecret(createSecrets(), name);
  if (text === undefined) throw new Error(`the secret ${name} is not set`);
  return headersIn(text);
}

function traced(
  { name, trigger }: { name: FunctionName; trigger: Trigger },
  handler: Handler,
  { tracer, active, flush }: Tracing,
): Handler {
  let isCold = true;
  return async (event, context) => {
    const about = spanOfEvent(name, trigger, event);
    const parent = parentOf(about);
    const attributes = { ...about.attributes, ...ofInvocation(context), "faas.coldstart": isCold };
    const span = tracer.startSpan(about.name, { kind: kindOf(about), attributes }, parent);
    isCold = false;
    const parts: Invocation["parts"] = new Map();
    const invocation = { span, context: trace.setSpan(parent, span), about, parts };
    try {
      const result = await active.run(invocation, () => handler(withParent(event, span), context));
      noteResult(span, result);
      return result;
    } catch (error) {
      noteFailure(span, error);
      throw error;
    } finally {
      for (const part of parts.values()) part.span.end();
      span.end();
      await flush();
    }
  };
}

function kindOf({ kind }: SpanOfEvent): SpanKind {
  return kind === "consumer" ? SpanKind.CONSUMER : SpanKind.SERVER;
}

/** Whoever called. What is no trace context is none. */
function parentOf({ traceparent }: SpanOfEvent): Context {
  const known = parseTraceparent(traceparent);
  if (known === undefined) return ROOT_CONTEXT;
  const { traceId, spanId, sampled } = known;
  const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

/**
 * Where a call belongs. Messages carry no trace: the dispatcher knows whose request a rollout is when it has read it. From
 * there on what it does is told in that request's trace, linked to the invocation, which may serve several.
 */
function contextFor(tracer: Tracer, { span, context, about, parts }: Invocation): Context {
  const requestId = requestInHand();
  if (requestId === undefined || !isTraceId(requestId) || requestId === span.spanContext().traceId) return context;
  const known = parts.get(requestId);
  if (known !== undefined) return known.context;
  // Nobody's span: the id of the one that asked was not kept, and a trace is entered by one.
  const asked = { traceId: requestId, spanId: requestId.slice(16), traceFlags: TraceFlags.SAMPLED, isRemote: true };
  const entered = trace.setSpanContext(ROOT_CONTEXT, asked);
  const links = [{ context: span.spanContext() }];
  const part = tracer.startSpan(about.name, { kind: kindOf(about), attributes: about.attributes, links }, entered);
  const made = { span: part, context: trace.setSpan(entered, part) };
  parts.set(requestId, made);
  return made.context;
}

/** A request that brought no trace context gets the span's, so that its id is the trace's. */
function withParent(event: unknown, span: Span): unknown {
  if (typeof event !== "object" || event === null || !("headers" in event)) return event;
  const { traceId, spanId, traceFlags } = span.spanContext();
  const traceparent = formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });
  return { ...event, headers: { ...(event.headers as object), [traceparentHeader]: traceparent } };
}

function ofInvocation(context: unknown): Attributes {
  const id = typeof context === "object" && context !== null && "awsRequestId" in context ? context.awsRequestId : "";
  return typeof id === "string" && id !== "" ? { "faas.invocation_id": id } : {};
}

function noteResult(span: Span, result: unknown): void {
  if (typeof result !== "object" || result === null) return;
  if ("statusCode" in result && typeof result.statusCode === "number") {
    span.setAttribute("http.response.status_code", result.statusCode);
    if (result.statusCode >= 500) {
      span.setAttribute("error.type", String(result.statusCode));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
  if ("batchItemFailures" in result && Array.isArray(result.batchItemFailures) && result.batchItemFailures.length > 0) {
    span.setAttribute("steward.messages.failed", result.batchItemFailures.length);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
}

/** Its name alone: what an error says may quote what it was given. */
function noteFailure(span: Span, error: unknown): void {
  span.setAttribute("error.type", error instanceof Error ? error.name : typeof error);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function callObserver({ tracer, active }: Tracing): ObserveCall {
  return async (call, make) => {
    const invocation = active.getStore();
    // Of no invocation: something that a start reads.
    if (invocation === undefined) return make();
    const span = tracer.startSpan(
      `${call.service}.${call.operation}`,
      { kind: SpanKind.CLIENT, attributes: attributesOfCall(call) },
      contextFor(tracer, invocation),
    );
    try {
      const answered = await make();
      span.setAttributes(ofAnswer(answered));
      return answered;
    } catch (error) {
      noteFailure(span, error);
      span.setAttributes(ofAnswer({ output: error }));
      throw error;
    } finally {
      span.end();
    }
  };
}

/** The SDK tells with each answer, and each error of the service, how it came about. */
function ofAnswer(answered: unknown): Attributes {
  const { output } = (answered ?? {}) as { output?: { $metadata?: Record<string, unknown> } };
  const { httpStatusCode, requestId, attempts } = output?.$metadata ?? {};
  return {
    ...(typeof httpStatusCode === "number" ? { "http.response.status_code": httpStatusCode } : {}),
    ...(typeof requestId === "string" ? { "aws.request_id": requestId } : {}),
    ...(typeof attempts === "number" && attempts > 1 ? { "http.request.resend_count": attempts - 1 } : {}),
  };
}
