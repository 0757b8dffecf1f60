import { createHash } from "node:crypto";
import { chmod, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import type { Build } from "./choose-build.ts";
import { describeError, type Log } from "./log.ts";
import { createFile, readIfThere, removeFile, replaceFile, syncFolder } from "./state-files.ts";

export interface UpgradeOptions {
  /** Where the program is, as whoever starts it names it: `/opt/steward/steward-worker.mjs`. */
  program: string;
  build: Build;
  /** The bytes of the build. They are held to its sha256 here. */
  fetchBuild: (sha256: string) => Promise<Uint8Array>;
  /** Starts the program anew; resolves when the old one has ended and the new one was started. */
  restart: () => Promise<void>;
  /** Whether the program of this version has beaten since it was started anew; waits for it, within its bound. */
  hasBeaten: (version: string) => Promise<boolean>;
  log: Log;
}

export type UpgradeEnd =
  | { type: "upgraded"; version: string }
  /** The new one got no heartbeat out, and the old one runs again. */
  | { type: "returned"; version: string; why: string };

/** An upgrade that is under way: what to go back to. */
interface Journal {
  from: string;
  version: string;
  /** It is on its way back already, and why. */
  why?: string;
}

/**
 * Puts a build in the place of the one that runs. The program's name is a link to one of the builds beside it, and one
 * rename moves it: at any instruction there is a whole program under the name. What was there before stays, and is gone
 * back to when the new one gets no heartbeat out. A kill in between leaves the journal: `settleUpgrade` ends it. Throws
 * `unprocessable` where that build is installed already, `conflict` where another upgrade has not ended: what to go back to is its own to know.
 */
export async function upgradeProgram(options: UpgradeOptions): Promise<UpgradeEnd> {
  const { program, build, log } = options;
  const bytes = await options.fetchBuild(build.sha256);
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== build.sha256) {
    throw new AppError("forbidden", `the build ${build.version} is refused: its sha256 is ${found.slice(0, 12)}…`);
  }
  await mkdir(buildsOf(program), { recursive: true, mode: 0o755 });
  const to = join(buildsOf(program), nameOf(program, build.sha256));
  await replaceFile(to, bytes);
  await chmod(to, 0o755);
  const from = await keepCurrent(program);
  if (from === to) {
    throw new AppError(
      "unprocessable",
      `the build ${build.version} is the one that is installed: there is nothing to go to`,
    );
  }
  // Beside the journal, for whoever starts after a power cut: the new one may not be able to.
  await linkTo(previousOf(program), from);
  const journal: Journal = { from, version: build.version };
  // The first of two: the other's build would be what this one goes back to.
  if (!(await createFile(journalOf(program), JSON.stringify(journal)))) {
    throw new AppError("conflict", "another upgrade is under way, or was cut short", {
      next: "run it again when that one has ended: it settles what was cut short first",
    });
  }
  await linkTo(program, to);
  log("upgrade.installed", { version: build.version });
  return prove(options, journal);
}

/** Ends an upgrade that was cut short: keeps what has beaten, and goes back from what has not. */
export async function settleUpgrade(
  options: Pick<UpgradeOptions, "program" | "restart" | "hasBeaten" | "log">,
): Promise<UpgradeEnd | undefined> {
  const text = await readIfThere(journalOf(options.program));
  if (text === undefined) return undefined;
  return prove(options, JSON.parse(text) as Journal);
}

async function prove(
  options: Pick<UpgradeOptions, "program" | "restart" | "hasBeaten" | "log">,
  journal: Journal,
): Promise<UpgradeEnd> {
  const { program, log } = options;
  const { from, version } = journal;
  const why = journal.why ?? (await whyNotKept(options, version));
  if (why === undefined) {
    await removeFile(journalOf(program));
    log("upgrade.kept", { version });
    await removeOthers(program).catch((error: unknown) => log("upgrade.others_left", { error: describeError(error) }));
    return { type: "upgraded", version };
  }
  if (journal.why === undefined) {
    await replaceFile(journalOf(program), JSON.stringify({ ...journal, why } satisfies Journal));
  }
  await linkTo(program, from);
  log("upgrade.returned", { version, why });
  // Until the old one was started the new one may still run: whoever is killed here is settled once more.
  await options.restart();
  await removeFile(journalOf(program));
  return { type: "returned", version, why };
}

async function whyNotKept(
  options: Pick<UpgradeOptions, "restart" | "hasBeaten">,
  version: string,
): Promise<string | undefined> {
  try {
    await options.restart();
    return (await options.hasBeaten(version)) ? undefined : "it got no heartbeat out in time";
  } catch (error) {
    return describeError(error);
  }
}

const buildsOf = (program: string) => join(dirname(program), "builds");
/** What an upgrade that was cut short leaves. Whoever puts a program there by hand removes it: that is no build to go back from. */
export const journalOf = (program: string) => `${program}.upgrade.json`;
/** The build from before the upgrade that is under way, or was last. */
export const previousOf = (program: string) => `${program.replace(/\.mjs$/, "")}-previous.mjs`;
const nameOf = (program: string, sha256: string) => `${basename(program, ".mjs")}-${sha256.slice(0, 16)}.mjs`;

/** The build that the name stands for now. One that an installer put there as it is joins the others first. */
async function keepCurrent(program: string): Promise<string> {
  if ((await lstat(program)).isSymbolicLink()) return readlink(program);
  const kept = join(buildsOf(program), `${basename(program, ".mjs")}-installed.mjs`);
  // As whole on the disk as the new one: after a power cut it is what this goes back to.
  await replaceFile(kept, await readFile(program));
  await chmod(kept, 0o755);
  return kept;
}

/** All builds of the program but the one that runs and the one before. */
async function removeOthers(program: string): Promise<void> {
  const kept = [basename(await readlink(program)), basename(await readlink(previousOf(program)))];
  for (const name of await readdir(buildsOf(program))) {
    const isOwn = name.startsWith(`${basename(program, ".mjs")}-`);
    if (isOwn && !kept.includes(name)) await rm(join(buildsOf(program), name), { force: true });
  }
}

async function linkTo(path: string, build: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  await symlink(build, temporary);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
