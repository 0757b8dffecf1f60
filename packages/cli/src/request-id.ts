import { newTraceId, traceparentHeader, traceparentOf } from "@steward/contracts/trace-context";

/** A process is one command, and all its calls are one request: its task, runs, audit entries and lines of logs have this id. */
export const requestId = newTraceId();

/** What a call of this command says that it is part of. */
export function requestHeaders(): Record<string, string> {
  const traceparent = traceparentOf(requestId);
  return traceparent === undefined ? {} : { [traceparentHeader]: traceparent };
}
