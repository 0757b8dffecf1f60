import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { createRootKey, openRootKey, type RootKey } from "@steward/local/root-key";
import type { RootKeySource } from "@steward/local/stage-setup";

/** A passphrase; null where none is wanted; undefined where nobody was asked yet. */
export type Passphrase = string | null | undefined;

/** The operator's root key, and afterwards which one it was: with its fingerprint machines can be told whom to trust. */
export function rootKeyFile(
  path: string,
  passphrase: Passphrase,
): RootKeySource & { used: () => { made: boolean; fingerprint?: string } } {
  const file = resolve(path);
  let key: RootKey | undefined;
  let made = false;
  return {
    used: () => ({ made, ...(key === undefined ? {} : { fingerprint: key.keyId }) }),
    open: () => {
      key = openRootKey(file, passphrase ?? undefined);
      return key;
    },
    create: (): RootKey => {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      refuseTracked(file);
      if (passphrase === undefined) {
        throw new AppError("invalid_request", `a new root key is to be made in ${file}`, {
          next: "Say with which passphrase: when asked, or with --passphrase-file.",
          details: { asks: "new-passphrase" },
        });
      }
      key = createUnlessThere(file, passphrase ?? undefined);
      made = true;
      return key;
    },
  };
}

function createUnlessThere(file: string, passphrase: string | undefined): RootKey {
  try {
    return createRootKey(file, passphrase);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    throw new AppError("conflict", `${file} was made at this moment, by somebody else`, {
      next: "Run this again: it takes that key.",
    });
  }
}

/** A key in a work tree is committed sooner or later, unless git was told to look away. Fails closed. */
function refuseTracked(file: string): void {
  const folder = realpathSync(dirname(file));
  if (!isInWorkTree(folder) || isIgnored(join(folder, basename(file)))) return;
  throw new AppError("invalid_request", `${file} is in a work tree of git, and not ignored there`, {
    next: "Keep the root key outside of any repository: --root-key ~/somewhere/else.pem",
  });
}

function isInWorkTree(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}

function isIgnored(file: string): boolean {
  try {
    execFileSync("git", ["-C", dirname(file), "check-ignore", "--quiet", file], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
