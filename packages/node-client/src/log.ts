import { AppError } from "@steward/contracts/errors";
import { jsonLine, type WriteLine } from "@steward/contracts/log-line";

/** Says that something happened. What holds a secret is redacted. */
export type Log = (event: string, fields?: Record<string, unknown>) => void;

/** A log of JSON lines: `{"at", "event", …base, …fields}`. */
export function jsonLines(write: WriteLine, base: Record<string, unknown> = {}): Log {
  return (event, fields = {}) => write(jsonLine({ at: new Date().toISOString(), event, ...base, ...fields }));
}

/** An error as one line: its code where it has one, its message, and what caused it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof AppError ? `${error.code}: ` : "";
  const cause = error.cause instanceof Error ? ` (${describeError(error.cause)})` : "";
  return `${code}${error.message}${cause}`;
}
