import type { Condition } from "@steward/contracts/heartbeat";
import { cutToBytes } from "./cut-to-bytes.ts";

/** What the hot record has room for: about six of them. */
const maxBytes = 120;
/** Of one: two of the worst fit in any case. */
const maxLineBytes = 57;

/** `!service:nginx.service`: a line for each, with a mark where it is critical. */
export function lineOf({ kind, subject, level }: Condition): string {
  const about = subject === undefined ? "" : `:${subject.replaceAll(/\p{Cc}/gu, " ").toWellFormed()}`;
  return `${level === "critical" ? "!" : ""}${kind}${about}`;
}

export function conditionOf(line: string): Condition {
  const level = line.startsWith("!") ? "critical" : "warning";
  const [kind = "", ...subject] = line.slice(level === "critical" ? 1 : 0).split(":");
  return { kind, ...(subject.length === 0 ? {} : { subject: subject.join(":") }), level };
}

/** Stands behind those that are kept where there was no room for all. No node tells such a kind. */
const more: Condition = { kind: "+", level: "warning" };

/** Whether a node has told more than is kept: what is not among them may be so all the same. */
export function holdsMore(conditions: readonly Condition[]): boolean {
  return conditions.some(isMore);
}

export function isMore({ kind }: Pick<Condition, "kind">): boolean {
  return kind === more.kind;
}

/**
 * What a node says is wrong, as far as its hot record keeps it: in one order, the worst first, however the node has told
 * it. For how long it has been so is not kept: a record that says the same is the same. Each is cut to its own length,
 * whatever else there is, so that it stays the same thing while others come and go.
 */
export function keepConditions(told: readonly Condition[]): Condition[] {
  if (told.length === 0) return [];
  const lines = [...new Set(told.filter((one) => !isMore(one)).map(shortLineOf))].sort();
  const all = lines.map(conditionOf);
  if (sizeOf(lines) <= maxBytes && !holdsMore(told)) return all;
  const kept: string[] = [];
  for (const line of lines) {
    if (sizeOf([...kept, line, more.kind]) <= maxBytes) kept.push(line);
  }
  return [...kept.map(conditionOf), more];
}

function shortLineOf(condition: Condition): string {
  const line = lineOf({ ...condition, level: "warning" });
  return `${condition.level === "critical" ? "!" : ""}${cutToBytes(line, maxLineBytes)}`;
}

function sizeOf(lines: readonly string[]): number {
  return new TextEncoder().encode(lines.join("\n")).length;
}

/** 0 for none. FNV-1a: small enough for the hot record, and nobody gains by making two lists alike. */
export function digestOf(conditions: readonly Condition[]): number {
  if (conditions.length === 0) return 0;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(conditions.map(lineOf).join("\n"))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
