/*
 * What names one request all the way from a command to the appliances and back. It is a trace id of W3C's Trace Context
 * (https://www.w3.org/TR/trace-context/), brought in a `traceparent` header, so that whatever else traces requests takes
 * it as its own:
 *
 *     traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *                  version · trace id · span id of whoever calls · flags (1: it is sampled)
 *
 * It is its caller's label and nothing more: it grants nothing, decides nothing, and is never part of a name or a path.
 */

export const traceparentHeader = "traceparent";

const traceIdRegExp = /^(?!0{32})[0-9a-f]{32}$/;
const headerRegExp = /^00-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceContext {
  traceId: string;
  /** Of whoever calls. */
  spanId: string;
  sampled: boolean;
}

export function isTraceId(text: string | undefined): text is string {
  return text !== undefined && traceIdRegExp.test(text);
}

/** What the header says; undefined where it is absent, or not exactly what it should be: never an error. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const [, traceId, spanId, flags] = headerRegExp.exec(header ?? "") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}

/** The header of a call that belongs to this request; undefined where its id is none that a header carries. */
export function traceparentOf(requestId: string | undefined): string | undefined {
  if (!isTraceId(requestId)) return undefined;
  return formatTraceparent({ traceId: requestId, spanId: newSpanId(), sampled: false });
}

export function newTraceId(): string {
  return randomHex(16);
}

export function newSpanId(): string {
  return randomHex(8);
}

function randomHex(bytes: number): string {
  for (;;) {
    const hex = Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    // All zero names nothing.
    if (/[^0]/.test(hex)) return hex;
  }
}
