import { redact, redacted, redactText } from "./redact.ts";

/**
 * The one way into a log, for every app: what is written has passed the redaction, and is one line. Who writes where is
 * the app's to say. Neither ever throws: nothing may fail because it could not be told.
 */
export type WriteLine = (line: string) => void;

/** One JSON object as a line, with its end. */
export function jsonLine(fields: Readonly<Record<string, unknown>>): string {
  try {
    return `${JSON.stringify(redact(fields))}\n`;
  } catch {
    return `${JSON.stringify({ event: "log.unreadable" })}\n`;
  }
}

/** A sentence for people as a line, with its end; what it quotes keeps its own lines. */
export function textLine(text: string): string {
  try {
    return `${redactText(text)}\n`;
  } catch {
    return `${redacted}\n`;
  }
}
