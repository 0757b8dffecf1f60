import type { Clock } from "@steward/node-client/clock";
import { describeError } from "@steward/node-client/log";
import type { UpgradeOutcome } from "@steward/node-client/service-commands";
import type { Rebooted } from "./wait-for-reboot.ts";

/** What puts another build in this agent's place: a process of its own, which outlives the agent that asked for it. */
export interface Upgrader {
  /** Throws where it cannot be begun. One at a time. */
  begin(id: string, version: string | undefined): Promise<void>;
  isUnderWay(): Promise<boolean>;
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
  /** The agent is stopping: most likely because the other build takes its place. */
  signal: AbortSignal;
}

const lookEveryMs = 2_000;

/**
 * Has the agent's build replaced, and waits for how that ends. What decides is the word that the upgrade leaves under its
 * id and nothing else, so it comes to the same end wherever an earlier life was killed: before it was begun (it is begun
 * now), while it was under way (whoever begins again settles what was cut short first), or after it ended. This life may be
 * the old build, the new one that is on trial, or the old one again.
 */
export async function waitForUpgrade(options: WaitForUpgradeOptions): Promise<Rebooted> {
  const { upgrader, id, version, clock, signal } = options;
  const endsAtMs = clock.monotonicMs() + options.withinMs;
  for (;;) {
    if (signal.aborted) return { type: "going_down" };
    const end = await upgrader.endOf(id);
    if (end !== undefined) return options.signal.aborted ? { type: "going_down" } : concluded(end, options);
    if (clock.monotonicMs() >= endsAtMs) return { type: "failed", reason: "the upgrade did not end in time" };
    if (!(await upgrader.isUnderWay())) {
      try {
        await upgrader.begin(id, version);
      } catch (error) {
        // It may have been begun, or have ended, in between.
        if ((await upgrader.endOf(id)) === undefined && !(await upgrader.isUnderWay())) {
          return { type: "failed", reason: `the upgrade cannot be begun: ${describeError(error)}` };
        }
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
