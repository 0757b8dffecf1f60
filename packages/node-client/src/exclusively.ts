import { spawnSync } from "node:child_process";
import { open } from "node:fs/promises";
import { AppError } from "@steward/contracts/errors";

/**
 * Runs the work while no other process (nor this one) does it under the same file. The kernel holds the lock for as long
 * as the file is open here, so that a kill at any instruction frees it. Throws `conflict` where somebody else is at it.
 */
export async function exclusively<T>(path: string, work: () => Promise<T>): Promise<T> {
  const file = await open(path, "a", 0o600);
  try {
    // Node has no call for it: `flock` locks the open file that it is given, which it shares with this process.
    const { status, error } = spawnSync("flock", ["--exclusive", "--nonblock", "3"], {
      stdio: ["ignore", "ignore", "ignore", file.fd],
    });
    if (error !== undefined) {
      throw new AppError("unprocessable", `flock cannot be run: ${error.message}`, { next: "install util-linux" });
    }
    if (status !== 0) {
      throw new AppError("conflict", "another one is at it on this machine", { next: "wait until it has ended" });
    }
    return await work();
  } finally {
    await file.close();
  }
}
