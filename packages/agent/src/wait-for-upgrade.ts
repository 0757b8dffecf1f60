import type { Clock } from "@steward/node-client/clock";
import { describeError } from "@steward/node-client/log";
import type { UpgradeOutcome } from "@steward/node-client/service-commands";
import type { Rebooted } from "./wait-for-reboot.ts";

/** What puts another build in this agent's place: a process of its own, which outlives the agent that asked for it. */
export interface Upgrader {
  /** Throws where it cannot be begun. One at a time. */
  begin(asked: { id: string; version: string | undefined; serverTimeMs: number }): Promise<void>;
  /** The `ActiveState` of its unit: of one that was killed and begins again by itself `activating`, of none `inactive`. */
  unitState(): Promise<string>;
  /** How the upgrade of this id ended; undefined while nobody has said. */
  endOf(id: string): Promise<UpgradeOutcome | undefined>;
}

export interface WaitForUpgradeOptions {
  upgrader: Upgrader;
  id: string;
  version: string | undefined;
  /** Resolves when a heartbeat was answered. */
  beat: () => Promise<unknown>;
  withinMs: number;
  clock: Clock;
  /** The server's clock: the machine's own may be wrong, and the release's end is judged by it. */
  nowMs: () => number | undefined;
  /** The agent is stopping: most likely because the other build takes its place. */
  signal: AbortSignal;
}

const lookEveryMs = 2_000;
/** One that ends without a word was kept off by a person's, which may take minutes, or always does so. */
const mostBegun = 5;
const beginAgainMs = 10_000;
const underWay = new Set(["active", "activating", "deactivating", "reloading", "refreshing"]);

/**
 * Has the agent's build replaced, and waits for how that ends. What decides is the word that the upgrade leaves under its
 * id and nothing else, so it comes to the same end wherever an earlier life was killed: before it was begun (it is begun
 * now), while it was under way (whoever begins again settles what was cut short first), or after it ended. This life may be
 * the old build, the new one that is on trial, or the old one again.
 */
export async function waitForUpgrade(options: WaitForUpgradeOptions): Promise<Rebooted> {
  const { upgrader, id, version, clock, signal } = options;
  const endsAtMs = clock.monotonicMs() + options.withinMs;
  const isUnderWay = async () => underWay.has(await upgrader.unitState().catch(() => "unknown"));
  let begun = 0;
  let beginAtMs = Number.NEGATIVE_INFINITY;
  let why = "it ended without a word";
  for (;;) {
    if (signal.aborted) return { type: "going_down" };
    const end = await upgrader.endOf(id);
    if (end !== undefined) return options.signal.aborted ? { type: "going_down" } : concluded(end, options);
    if (clock.monotonicMs() >= endsAtMs) return { type: "failed", reason: "the upgrade did not end in time" };
    const serverTimeMs = options.nowMs();
    // Before the first heartbeat of this life nobody knows the time.
    if (serverTimeMs !== undefined && clock.monotonicMs() >= beginAtMs && !(await isUnderWay())) {
      // It may have ended since that was looked at.
      if ((await upgrader.endOf(id)) !== undefined) continue;
      if (begun === mostBegun) return { type: "failed", reason: `the upgrade cannot be begun: ${why}` };
      // 10, 20, 40… seconds: five minutes in all.
      beginAtMs = clock.monotonicMs() + beginAgainMs * 2 ** begun;
      begun += 1;
      try {
        await upgrader.begin({ id, version, serverTimeMs });
        why = "it ended without a word";
      } catch (error) {
        // It may have been begun in between.
        why = describeError(error);
      }
    }
    await clock.sleep(lookEveryMs, signal);
  }
}

async function concluded(end: UpgradeOutcome, { beat }: WaitForUpgradeOptions): Promise<Rebooted> {
  if (end.type === "failed") return { type: "failed", reason: end.why };
  // The result goes out over the same door in a moment; that it is told of the build first is enough.
  await beat().catch(() => {});
  if (end.type === "returned") {
    return { type: "failed", reason: `${end.version} was taken back, and what ran before runs again: ${end.why}` };
  }
  return { type: "back" };
}
