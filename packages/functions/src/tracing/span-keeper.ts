import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base";

export interface SpanKeeperOptions {
  exporter: Pick<SpanExporter, "export">;
  nowMs: () => number;
  /** The collector did not take spans; told once for each time that it is left alone. */
  onLost: (why: { spans: number; reason: string; quietSeconds: number }) => void;
  /** An invocation waits so long for the collector, and no longer. */
  waitMs?: number;
  /** A collector that did not answer in time, or refused, is left alone for so long. */
  quietMs?: number;
}

/** What one invocation may have going on without being a burden; what is beyond it is not told. */
const mostKept = 1_000;

/**
 * Keeps the spans that have ended until an invocation is over, and gives them away then: a function is stopped between two
 * events, so what goes on in the background may never end. It costs an invocation at most `waitMs`, and where the collector
 * is down that is paid by one in `quietMs`: the spans of all others are thrown away.
 */
export function createSpanKeeper(options: SpanKeeperOptions): SpanProcessor & { flush(): Promise<void> } {
  const { exporter, nowMs, onLost, waitMs = 1_000, quietMs = 60_000 } = options;
  let ended: ReadableSpan[] = [];
  let quietUntilMs = 0;

  const flush = async (): Promise<void> => {
    const spans = ended;
    ended = [];
    if (spans.length === 0 || nowMs() < quietUntilMs) return;
    const reason = await within(waitMs, exported(exporter, spans));
    // Several that wait at one time find out together, and tell once.
    if (reason === undefined || nowMs() < quietUntilMs) return;
    quietUntilMs = nowMs() + quietMs;
    onLost({ spans: spans.length, reason, quietSeconds: quietMs / 1000 });
  };
  return {
    onStart: () => undefined,
    onEnd: (span) => {
      const isSampled = (span.spanContext().traceFlags & 1) === 1;
      if (isSampled && ended.length < mostKept && nowMs() >= quietUntilMs) ended.push(span);
    },
    flush,
    forceFlush: flush,
    shutdown: flush,
  };
}

/** Undefined where they were taken; else why not. */
function exported(exporter: Pick<SpanExporter, "export">, spans: ReadableSpan[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    try {
      exporter.export(spans, ({ code, error }) => resolve(code === 0 ? undefined : (error?.message ?? "refused")));
    } catch (error) {
      resolve(error instanceof Error ? error.message : String(error));
    }
  });
}

async function within(ms: number, work: Promise<string | undefined>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${ms} ms`), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
