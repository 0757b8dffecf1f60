import { statusFile } from "@steward/node-client/upgrade-installed";
import { join } from "node:path";
import type { Gpu, Pulling } from "@steward/contracts/heartbeat";
import { describeError, type Log } from "@steward/node-client/log";
import { replaceFile } from "@steward/node-client/state-files";
import type { SlotChoice } from "./choose-slots.ts";

export interface WorkerStatus {
  /** Which build runs, since when (by this machine's own clock), and whether its last heartbeat was answered. */
  version: string;
  startedAtMs: number;
  connected: boolean;
  slots: number;
  used: number;
  polling: string[];
  models: string[];
  gpus: Gpu[];
  ready: boolean;
  draining: boolean;
  /** A model that is being fetched, or does not come. */
  pulling?: Pulling;
  /** What decided the number of slots; absent until models were there. */
  slotsDecidedBy?: SlotChoice["decidedBy"];
  /** The throughput curve is being measured. */
  measuring?: true;
}

export interface StatusFile {
  write(): void;
  /** Resolves when nothing is left to write. */
  written(): Promise<void>;
}

/** One write at a time, of what is so when it begins: changes in between are one write. */
export function createStatusFile(options: { stateDir: string; status: () => WorkerStatus; log: Log }): StatusFile {
  const { stateDir, status, log } = options;
  let writing: Promise<void> | undefined;
  let changed = false;

  async function writeChanges(): Promise<void> {
    while (changed) {
      changed = false;
      await replaceFile(join(stateDir, statusFile), `${JSON.stringify(status())}\n`).catch((error: unknown) =>
        log("status.not_written", { error: describeError(error) }),
      );
    }
    writing = undefined;
  }

  return {
    write() {
      changed = true;
      writing ??= writeChanges();
    },
    async written() {
      await writing;
    },
  };
}
