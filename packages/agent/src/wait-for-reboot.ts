import type { Clock } from "@steward/node-client/clock";
import { describeError } from "@steward/node-client/log";
import type { Boot } from "./executor/executor.ts";

export interface WaitForRebootOptions {
  boot: Boot;
  /** The boot that has to end, as it was written down before anything was asked of the machine. */
  bootId: string;
  /** Resolves when a heartbeat was answered. */
  beat: () => Promise<unknown>;
  /** Until the machine has to be back, in milliseconds from now. */
  withinMs: number;
  clock: Clock;
  /** The agent is stopping: most likely because the machine is. */
  signal: AbortSignal;
}

export type Rebooted =
  /** Another boot, and the control plane has heard of it. */
  | { type: "back" }
  | { type: "failed"; reason: string }
  /** This life ends here. The next one goes on waiting. */
  | { type: "going_down" };

const lookEveryMs = 1_000;

/**
 * Restarts the machine unless it has restarted already, and waits for another boot and the first heartbeat after it. What
 * decides is the boot's id and nothing else, so it comes to the same end wherever an earlier life was killed: before the
 * machine was told (it is told now), while it went down (it is told again, which is harmless), or after it was back.
 */
export async function waitForReboot(options: WaitForRebootOptions): Promise<Rebooted> {
  const { boot, bootId, clock, signal } = options;
  const endsAtMs = clock.monotonicMs() + options.withinMs;
  const isSame = () =>
    boot.id().then(
      (now) => now === bootId,
      // A machine that cannot say which boot it is in is not back.
      () => true,
    );
  let isDown = !(await isSame());
  if (!isDown && endsAtMs > clock.monotonicMs()) {
    try {
      await boot.restart();
    } catch (error) {
      if (signal.aborted) return { type: "going_down" };
      return { type: "failed", reason: `the machine cannot be restarted: ${describeError(error)}` };
    }
  }
  for (;;) {
    if (signal.aborted) return { type: "going_down" };
    isDown ||= !(await isSame());
    if (clock.monotonicMs() >= endsAtMs) {
      const reason = isDown ? "the machine was back too late" : "the machine did not start again in time";
      return { type: "failed", reason };
    }
    if (isDown && (await isHeard())) return { type: "back" };
    await clock.sleep(lookEveryMs, signal);
  }

  async function isHeard(): Promise<boolean> {
    try {
      await options.beat();
      return true;
    } catch {
      // The network comes up after the agent.
      return false;
    }
  }
}
