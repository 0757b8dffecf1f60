import { enableCompileCache, flushCompileCache } from "node:module";

/**
 * For processes that a supervisor started with a channel: when it is gone, however it ended, so is this one. SIGTERM first,
 * so that whoever listens can tidy up.
 */
export function endWithParent(graceMs = 2_000): void {
  if (process.send === undefined) return;
  process.on("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(1), graceMs).unref();
  });
  // Listening must not keep a process alive that has nothing left to do.
  process.channel?.unref();
}

/** Tells the supervisor. */
export function sayReady(message: { event: string } & Record<string, unknown>): void {
  process.send?.(message);
}

/** Writes what was compiled to disk now: a process that is killed never comes to it. */
export function ensureCompileCache(): void {
  enableCompileCache();
  flushCompileCache();
}
