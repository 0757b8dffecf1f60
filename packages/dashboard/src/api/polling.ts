import { AppError } from "@steward/contracts/errors";

/** How often a page looks again: what is watched, what is beside it, and what does not change while it is looked at. */
export type Every = "watched" | "background" | "once";

const everyMs: Record<Every, number | undefined> = { watched: 2_000, background: 15_000, once: undefined };
const slowestMs = 30_000;

/**
 * When to ask again, in ms; undefined: not by itself. After a failure later and later, and not before the API said; what
 * is refused for good (403, 404) is asked as seldom as what is in the background, in case somebody allows it.
 */
export function nextPollMs(every: Every, failures: number, error: unknown): number | undefined {
  const base = everyMs[every];
  if (failures === 0 || error === null || error === undefined) return base;
  const soon = base ?? 2_000;
  const asked = error instanceof AppError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const refused = error instanceof AppError && !error.retryable;
  return Math.max(refused ? 15_000 : Math.min(slowestMs, soon * 2 ** Math.min(failures, 5)), asked);
}
