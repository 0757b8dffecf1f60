import { randomUUID } from "node:crypto";
import { AppError } from "@steward/contracts/errors";
import type { VersionedObjects } from "./versioned-objects.ts";

/** Held by one at a time. Every write is preceded by `renew`, which throws `conflict` for whoever has lost it. */
export interface WriteLock {
  renew(): Promise<void>;
  release(): Promise<void>;
}

/**
 * A lock that is an object in a bucket, for people who change a stage from their own machines. No clock is compared: its
 * holder renews it before each of its writes, and whoever waits takes it over when it has not changed for `leaseMs` by
 * his own watch. Every change is conditional on the one that was seen.
 *
 *     A: take ── write ── killed        B: sees A's ······ leaseMs, unchanged ······ takes A's place
 *     A: take ── asleep ················ B: takes A's place            A: renew → conflict, nothing is written
 */
export async function takeWriteLock(options: {
  objects: VersionedObjects;
  bucket: string;
  key: string;
  /** Who holds it, for those who wait. */
  holder: string;
  leaseMs: number;
  pause: (ms: number) => Promise<void>;
  onWait?: (holder: string) => void;
}): Promise<WriteLock> {
  const { objects, bucket, key, holder, leaseMs, pause } = options;
  const id = randomUUID();
  const put = (state: "held" | "free", replaces: string | undefined) =>
    objects.put(bucket, key, JSON.stringify({ state, holder, id, turn: randomUUID() }), replaces);
  const pauseMs = Math.max(1, Math.min(500, leaseMs / 4));

  let seen: { etag: string; sinceMs: number } | undefined;
  for (;;) {
    const stored = await objects.get(bucket, key);
    const held = stored === undefined ? undefined : parse(stored.text);
    const isStale = stored !== undefined && seen?.etag === stored.etag && performance.now() - seen.sinceMs >= leaseMs;
    if (stored === undefined || held?.state !== "held" || isStale) {
      if ((await put("held", stored?.etag)) !== undefined) break;
      continue;
    }
    if (seen?.etag !== stored.etag) {
      seen = { etag: stored.etag, sinceMs: performance.now() };
      options.onWait?.(held.holder);
    }
    await pause(pauseMs);
  }

  /** The lock as we left it; undefined where it is somebody else's. */
  const own = async () => {
    const stored = await objects.get(bucket, key);
    return stored !== undefined && parse(stored.text).id === id ? stored : undefined;
  };
  return {
    async renew() {
      const stored = await own();
      if (stored !== undefined && (await put("held", stored.etag)) !== undefined) return;
      throw new AppError("conflict", "somebody else has taken over, as this took too long", {
        next: "Run it again: it goes on from what was done.",
      });
    },
    async release() {
      const stored = await own();
      if (stored !== undefined) await put("free", stored.etag);
    },
  };
}

function parse(text: string): { state?: string; holder: string; id?: string } {
  try {
    return JSON.parse(text) as { state?: string; holder: string; id?: string };
  } catch {
    // What nobody can read keeps nobody out.
    return { holder: "nobody" };
  }
}
