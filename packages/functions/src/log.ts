import type { Log } from "@steward/control/context";

/** One JSON object a line, on stdout, as CloudWatch wants it. */
export function createLog(source: string): Log {
  return (level, event, fields = {}) => {
    console.log(JSON.stringify({ level, source, event, timeMs: Date.now(), ...fields }));
  };
}
