import { defaults } from "@steward/contracts/defaults";
import { isHeldBack } from "./held-back.ts";
import type { JobState } from "./job-state.ts";

/** Where a job of nobody's flood is helped after all: at this share of its time. */
const lastResort = 0.5;

export type Waiting =
  /** It is somebody's turn soon, or somebody else's flood would be paid for by this tenant. */
  { kind: "wait" } | { kind: "escalate"; why: "own_backlog" | "nobody_takes_it" | "last_resort" | "silent_again" };

/**
 * Whether a job for workers has waited so long that Claude is asked, at its tenant's expense.
 *
 * The tenant's own backlog decides: a job that waits behind others of its tenant beyond the lane's SLO goes on. One that
 * waits only because all slots work for others does not, so that one tenant's flood never spends another's budget; but it
 * does at half of its time, because late is better than never. Where slots are free and nobody takes it, or no worker is
 * there, no flood is to blame. Nor is it where one is held back though its window has room: nobody has asked for its place.
 *
 * One whose worker went silent is given to one other worker, like one whose model failed; after the second it goes on.
 */
export function judgeWait(
  job: JobState,
  {
    own,
    slots,
    nowMs,
  }: {
    /** Of its tenant, in its lane. */
    own: { places: number; window: number; holding: boolean };
    /** Of the workers that would take a job. */
    slots: { ready: number; used: number };
    nowMs: number;
  },
): Waiting {
  const hadItsTurn = job.failures.some((failure) => failure.tier === "claude");
  if (job.status === "leased" && job.tier === "ollama" && !hadItsTurn) {
    const lapsed = job.lease !== undefined && nowMs >= job.lease.expiresAtMs;
    return lapsed && job.failures.length > 0 ? { kind: "escalate", why: "silent_again" } : { kind: "wait" };
  }
  if (job.status !== "queued" || job.tier !== "ollama" || hadItsTurn) return { kind: "wait" };
  if (nowMs - job.createdAtMs <= defaults.laneSloSeconds[job.lane] * 1000) return { kind: "wait" };
  if (own.holding || own.places >= own.window) return { kind: "escalate", why: "own_backlog" };
  if (isHeldBack(job)) return { kind: "wait" };
  if (slots.used < slots.ready || slots.ready === 0) return { kind: "escalate", why: "nobody_takes_it" };
  const sinceMs = job.admittedAtMs ?? job.createdAtMs;
  if (nowMs - sinceMs >= (job.deadlineAtMs - sinceMs) * lastResort) return { kind: "escalate", why: "last_resort" };
  return { kind: "wait" };
}
