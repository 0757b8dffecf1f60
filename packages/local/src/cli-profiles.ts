import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "@steward/contracts/errors";
import {
  type Profile,
  type ProfilesFile,
  profilesFileSchema,
  profilesLockSchema,
  profilesLockStaleMs,
} from "@steward/contracts/profile";
import type { z } from "zod";

const lockWaitMs = 20_000;

/**
 * Puts these profiles into the CLI's file (0600) and leaves all others as they are. The first becomes the current one,
 * unless the current one is somebody else's. Holds the CLI's lock meanwhile: a command that renews a sign-in in the same
 * moment would else lose its new refresh token, and with it the sign-in.
 */
export async function writeProfiles(file: string, profiles: Record<string, Profile>): Promise<void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const release = await takeLock(`${file}.lock`);
  try {
    const existing = readProfiles(file);
    const first = Object.keys(profiles)[0] ?? "local";
    const next: ProfilesFile = {
      current: existing?.current ?? first,
      profiles: { ...existing?.profiles, ...profiles },
    };
    const draft = `${file}.${process.pid}.${crypto.randomUUID()}`;
    const text = `${JSON.stringify(profilesFileSchema.parse(next), null, 2)}\n`;
    writeFileSync(draft, text, { mode: 0o600, flag: "wx", flush: true });
    renameSync(draft, file);
  } finally {
    release();
  }
}

function readProfiles(file: string): ProfilesFile | undefined {
  const text = readIfThere(file);
  if (text === undefined) return undefined;
  try {
    return profilesFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("unavailable", `${file} is not a file of CLI profiles`, {
      cause,
      next: "correct it or delete it, and start again",
    });
  }
}

/** As the CLI takes it (packages/cli/src/file-lock.ts); the protocol is told at `profilesLockSchema`. */
async function takeLock(lock: string): Promise<() => void> {
  const id = crypto.randomUUID();
  const untilMs = performance.now() + lockWaitMs;
  while (!linkLock(lock, id)) {
    breakIfStale(lock, id);
    if (performance.now() > untilMs) {
      throw new AppError("conflict", `a steward command holds ${lock}`, {
        next: "if none is running, delete that file, and start again",
      });
    }
    await pause(25);
  }
  return () => {
    if (ownerOf(lock)?.id === id) rmSync(lock, { force: true });
  };
}

function linkLock(lock: string, id: string): boolean {
  const draft = `${lock}.${id}`;
  writeFileSync(draft, JSON.stringify({ pid: process.pid, atMs: Date.now(), id }), { mode: 0o600 });
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function breakIfStale(lock: string, id: string): void {
  const seen = ownerOf(lock);
  if (seen === undefined || (isAlive(seen.pid) && Date.now() - seen.atMs < profilesLockStaleMs)) return;
  const aside = `${lock}.${id}.stale`;
  try {
    renameSync(lock, aside);
    // Somebody may have taken it anew between the look and the move: that one goes back.
    if (ownerOf(aside)?.id !== seen.id) linkSync(aside, lock);
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function ownerOf(lock: string): z.infer<typeof profilesLockSchema> | undefined {
  const text = readIfThere(lock);
  if (text === undefined) return undefined;
  try {
    return profilesLockSchema.parse(JSON.parse(text));
  } catch {
    // Nothing that either of us wrote: left behind.
    return { pid: 0, atMs: 0, id: "" };
  }
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
