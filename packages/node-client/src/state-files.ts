import { constants } from "node:fs";
import { access, link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { AppError } from "@steward/contracts/errors";

/**
 * Files that survive a kill at any instruction: a file is there whole or not at all, and once the promise resolves it
 * is on the disk (file and folder are synced). Everything is readable by its owner only, who is the folder's: what an
 * administrator's command writes there as root is still the service's to read.
 */

/** Makes the folder, or says what to do when it cannot be written. */
export async function openStateDir(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw new AppError("unavailable", `the state folder ${path} cannot be written`, {
      cause,
      retryable: false,
      next: "make the folder writable for this user, or name another one",
    });
  }
}

/** Replaces a file in one step. */
export async function replaceFile(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = await writeTemporary(path, data);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Creates a file that must not exist yet. False when it does: somebody, perhaps an earlier life, was first. */
export async function createFile(path: string, data: string | Uint8Array): Promise<boolean> {
  const temporary = await writeTemporary(path, data);
  try {
    // A hard link fails on an existing name like O_EXCL does, but the file appears with all its bytes.
    await link(temporary, path);
  } catch (error) {
    if (hasErrno(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(dirname(path));
  return true;
}

/** Renames over whatever is there, durably. */
export async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** The file's text; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function hasErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function writeTemporary(path: string, data: string | Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(8).toString("hex")}`);
  const file = await open(temporary, "wx", 0o600);
  try {
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(dirname(path));
      if (uid !== 0) await file.chown(uid, gid);
    }
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  return temporary;
}
