import type { Log } from "@steward/control/context";
import { requestInHand } from "@steward/control/request-scope";
import { embeddedMetric } from "./metrics.ts";
import { writeLine } from "./write-line.ts";

/**
 * One JSON object a line. `timestamp` and `level` are what Lambda's own log level looks at. An error is a fault that
 * somebody met (a 500, a message given up): its line counts itself, which Lambda does not do for what a handler caught.
 * What is logged while a request is worked for carries its id.
 */
export function createLog(source: string, stage: string): Log {
  return (level, event, fields = {}) => {
    const nowMs = Date.now();
    const fault = { value: 1, dimensions: { Function: source }, nowMs };
    writeLine({
      timestamp: new Date(nowMs).toISOString(),
      level,
      source,
      event,
      requestId: requestInHand(),
      ...fields,
      ...(level === "error" ? embeddedMetric(stage, "Faults", fault) : {}),
    });
  };
}
