import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { download } from "@steward/node-client/download";
import { hasErrno, syncFolder } from "@steward/node-client/state-files";
import { extract as tarExtract } from "tar-stream";

const maxArchiveBytes = 64 * 1024 * 1024;
const maxUnpackedBytes = 256 * 1024 * 1024;
const maxEntries = 10_000;

/** Bundles by their sha256, unpacked once: `<folder>/<digest>/`. */
export interface BundleStore {
  /** The unpacked bundle's folder. Throws `forbidden` when the archive is not the one that the digest names. */
  ensure(digest: string): Promise<string>;
}

export function createBundleStore(options: { folder: string; call: Client; timeoutMs?: number }): BundleStore {
  return {
    async ensure(digest) {
      const folder = join(options.folder, digest);
      if (await isFolder(folder)) return folder;
      const { url } = await options.call("getBundle", { params: { digest } });
      const timeoutMs = options.timeoutMs ?? 120_000;
      const archive = await download(url, { what: "the bundle", maxBytes: maxArchiveBytes, timeoutMs });
      const found = createHash("sha256").update(archive).digest("hex");
      if (found !== digest) {
        throw new AppError(
          "forbidden",
          `the bundle ${digest.slice(0, 12)}… is refused: its sha256 is ${found.slice(0, 12)}…`,
        );
      }
      const temporary = join(options.folder, `.tmp-${randomBytes(8).toString("hex")}`);
      try {
        await unpack(archive, temporary);
        await rename(temporary, folder);
        await syncFolder(options.folder);
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        // Another agent that shares the folder was first; the content is the same.
        if (!hasErrno(error, "ENOTEMPTY") && !hasErrno(error, "EEXIST")) throw error;
      }
      return folder;
    },
  };
}

/** Unpacks a tar.gz of plain files and folders that stay below `folder`; anything else is refused. */
export async function unpack(archive: Uint8Array, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = tarExtract();
  const gunzip = createGunzip();
  gunzip.on("error", (error) => entries.destroy(error));
  Readable.from([archive]).pipe(gunzip).pipe(entries);
  let bytes = 0;
  let count = 0;
  for await (const entry of entries) {
    const { name, type, mode } = entry.header;
    count += 1;
    if (count > maxEntries) throw refused("it has too many files");
    const path = join(folder, ...safeSegments(name));
    if (type === "directory") {
      await mkdir(path, { recursive: true, mode: 0o755 });
      entry.resume();
      continue;
    }
    if (type !== "file") throw refused(`${name} is a ${String(type)}`);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const file = await open(path, "wx", ((mode ?? 0) & 0o100) === 0 ? 0o644 : 0o755);
    try {
      for await (const part of entry) {
        bytes += (part as Uint8Array).length;
        if (bytes > maxUnpackedBytes) throw refused("it is too large");
        await file.write(part as Uint8Array);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

function safeSegments(name: string): string[] {
  const segments = name
    .replace(/\/$/, "")
    .split("/")
    .filter((segment) => segment !== ".");
  const bad =
    name.startsWith("/") || segments.some((segment) => segment === "" || segment === ".." || /[\0\\]/.test(segment));
  if (bad && name !== "./" && name !== ".") throw refused(`${JSON.stringify(name)} leads out of it`);
  return segments;
}

function refused(why: string): AppError {
  return new AppError("forbidden", `the bundle is refused: ${why}`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasErrno(error, "ENOENT")) return false;
    throw error;
  }
}
