import { jsonLine } from "@steward/contracts/log-line";

/**
 * One JSON object as a line of the log, without its secrets. `console.log` would not leave it so: with Lambda's JSON log
 * format the runtime wraps what it is given into a `message` of its own, where CloudWatch finds neither metrics nor fields.
 */
export function writeLine(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(jsonLine(line));
}
