import { link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { profilesLockSchema, profilesLockStaleMs } from "@steward/contracts/profile";
import type { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

export interface LockOptions {
  /** How long to wait for somebody else's lock. */
  waitMs?: number;
  /** A lock this old was left behind: nothing done under it takes so long. */
  staleMs?: number;
}

/**
 * Runs `action` while holding `path + ".lock"`, so that two commands at once do not both spend one refresh token.
 * A lock whose owner is gone, or that is older than `staleMs`, is taken over. Throws after `waitMs`.
 */
export async function withFileLock<T>(path: string, action: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { waitMs = 20_000, staleMs = profilesLockStaleMs } = options;
  const lock = `${path}.lock`;
  const id = crypto.randomUUID();
  const untilMs = Date.now() + waitMs;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  while (!(await take(lock, id))) {
    await breakIfStale(lock, id, staleMs);
    if (Date.now() > untilMs) {
      throw new CliError(exitCodes.failed, `Another steward command holds ${lock}`, {
        next: "If none is running, delete that file.",
      });
    }
    await delay(25);
  }
  try {
    return await action();
  } finally {
    // Somebody who took this for stale owns the file now: only the own one is removed.
    if ((await ownerOf(lock))?.id === id) await rm(lock, { force: true });
  }
}

/** Linked into place whole, so that nobody ever reads a lock without its owner in it. */
async function take(lock: string, id: string): Promise<boolean> {
  const draft = `${lock}.${id}`;
  const file = await open(draft, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify({ pid: process.pid, atMs: Date.now(), id }));
  } finally {
    await file.close();
  }
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 *   A: reads stale lock L ──────────────── renames … would move B's fresh lock
 *   B:        reads L, renames L, takes a fresh lock
 * So what was moved is read again, and put back if it is not the stale one.
 */
async function breakIfStale(lock: string, id: string, staleMs: number): Promise<void> {
  const seen = await ownerOf(lock);
  if (seen === undefined || (isAlive(seen.pid) && Date.now() - seen.atMs < staleMs)) return;
  const aside = `${lock}.${id}.stale`;
  try {
    await rename(lock, aside);
    if ((await ownerOf(aside))?.id !== seen.id) await link(aside, lock);
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function ownerOf(lock: string): Promise<z.infer<typeof profilesLockSchema> | undefined> {
  try {
    return profilesLockSchema.parse(JSON.parse(await readFile(lock, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    // Not a lock that this program wrote: treat it as left behind.
    return { pid: 0, atMs: 0, id: "" };
  }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
