import { type Condition, maxConditions } from "@steward/contracts/heartbeat";

/**
 * What is wrong here, from the moment it was seen: with how long it has been so, and kept until it was told once, also
 * where it came and went while nobody answered.
 */
export interface ConditionLog {
  /** What is wrong now, as far as one heartbeat tells it: the worst first. */
  see(found: readonly Condition[], atMs: number): Condition[];
  /** The heartbeat with what was seen last was answered. */
  told(): void;
}

const keyOf = ({ kind, subject = "" }: Condition) => `${kind} ${subject}`;
/** Of what has gone again untold: more than that would be an hour of flapping. */
const mostKept = 100;

export function createConditionLog(): ConditionLog {
  const open = new Map<string, { condition: Condition; sinceMs: number; goneAtMs?: number }>();
  let toldKeys: string[] = [];
  return {
    see(found, atMs) {
      const now = new Map(found.map((condition) => [keyOf(condition), condition]));
      for (const [key, entry] of open) if (!now.has(key)) entry.goneAtMs ??= atMs;
      for (const [key, condition] of now) {
        const known = open.get(key);
        const sinceMs = known === undefined || known.goneAtMs !== undefined ? atMs : known.sinceMs;
        open.set(key, { condition, sinceMs });
      }
      const gone = [...open].filter(([, { goneAtMs }]) => goneAtMs !== undefined);
      for (const [key] of gone.slice(0, Math.max(0, gone.length - mostKept))) open.delete(key);
      const told = [...open.entries()]
        .toSorted(
          ([, a], [, b]) =>
            Number(a.condition.level !== "critical") - Number(b.condition.level !== "critical") ||
            Number(a.goneAtMs !== undefined) - Number(b.goneAtMs !== undefined) ||
            b.sinceMs - a.sinceMs,
        )
        .slice(0, maxConditions);
      toldKeys = told.map(([key]) => key);
      return told.map(([, { condition, sinceMs }]) => ({
        ...condition,
        since: Math.max(0, Math.round((atMs - sinceMs) / 1000)),
      }));
    },
    told() {
      for (const key of toldKeys) if (open.get(key)?.goneAtMs !== undefined) open.delete(key);
    },
  };
}
