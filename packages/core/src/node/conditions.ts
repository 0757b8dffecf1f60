import type { Condition } from "@steward/contracts/heartbeat";

/** What the hot record has room for: about six of them, and the worst in any case. */
const maxBytes = 120;

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

/**
 * What a node says is wrong, as far as its hot record keeps it: in one order, the worst first, however the node has told
 * it. For how long it has been so is not kept: a record that says the same is the same.
 */
export function keepConditions(told: readonly Condition[]): Condition[] {
  const lines = [...new Set(told.map(lineOf))].sort();
  const kept: Condition[] = [];
  let bytes = 0;
  for (const line of lines) {
    bytes += new TextEncoder().encode(line).length + 1;
    if (bytes > maxBytes) break;
    kept.push(conditionOf(line));
  }
  return kept;
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
