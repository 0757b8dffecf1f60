import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { isAlive, readPidFile, removePidFile, writePidFile } from "./cloud/pid-file.ts";

/** Takes the state folder for this process, and makes it if it is not there (0700). One supervisor at a time. */
export function takeStateDir(stateDir: string): { release: () => void } {
  try {
    makeFolder(join(stateDir, "logs"));
    accessSync(stateDir, constants.W_OK);
  } catch (cause) {
    throw new AppError("unavailable", `the state folder ${stateDir} cannot be written`, {
      cause,
      next: "fix its permissions, or name another one with --state-dir",
    });
  }
  const file = join(stateDir, "supervisor.pid");
  for (;;) {
    try {
      writePidFile(file, process.pid, { exclusive: true });
      return { release: () => removePidFile(file) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const owner = readPidFile(file);
    if (owner !== undefined && isAlive(owner)) {
      throw new AppError("conflict", `Steward is running already on ${stateDir} (process ${owner.pid})`, {
        retryable: false,
        next: "use that one, end it, or name another folder with --state-dir",
      });
    }
    removePidFile(file);
  }
}

/** `mkdirSync` with `recursive` never comes back from below /proc, where a folder's parent is there but takes none. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
