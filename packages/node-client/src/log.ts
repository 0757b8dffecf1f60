import { AppError } from "@steward/contracts/errors";

/** Says that something happened. `fields` never hold a secret. */
export type Log = (event: string, fields?: Record<string, unknown>) => void;

/** A log of JSON lines: `{"at", "event", …base, …fields}`. */
export function jsonLines(write: (line: string) => void, base: Record<string, unknown> = {}): Log {
  return (event, fields = {}) => {
    write(`${JSON.stringify({ at: new Date().toISOString(), event, ...base, ...fields })}\n`);
  };
}

/** An error as one line: its code where it has one, its message, and what caused it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof AppError ? `${error.code}: ` : "";
  const cause = error.cause instanceof Error ? ` (${describeError(error.cause)})` : "";
  return `${code}${error.message}${cause}`;
}
