import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildNotes } from "./site.ts";

export interface BuildOptions {
  /** Told when there is something to do, and when it is done. */
  say?: (text: string) => void;
  /** The package that is built: this one. */
  folder?: string;
  /** What else is built in: `contracts`, and the versions that are locked. */
  inputs?: readonly string[];
}

const own = fileURLToPath(new URL("..", import.meta.url));
const ownInputs = [join(own, "../contracts/src"), join(own, "../../package-lock.json")];

/**
 * Builds `dist/` unless it is what the sources, the configuration and the locked versions make. Whoever asks while another
 * process builds waits for that; `dist/` is at every moment a whole build, the old one or the new.
 */
export async function buildDashboard(options: BuildOptions = {}): Promise<"built" | "as it was"> {
  const { folder = own, inputs = ownInputs, say = () => undefined } = options;
  const digest = digestOf(folder, inputs);
  if (builtFrom(folder) === digest) return "as it was";
  const release = await takeLock(folder);
  try {
    if (builtFrom(folder) === digest) return "as it was";
    const started = performance.now();
    say("Building the dashboard, as its sources are new or have changed …");
    const next = join(scratch(folder), `dist-${process.pid}`);
    try {
      await runVite(folder, next);
      mkdirSync(join(next, buildNotes), { recursive: true });
      writeFileSync(digestFile(next), digest);
      putInPlace(folder, next);
    } finally {
      rmSync(next, { recursive: true, force: true });
    }
    say(`The dashboard is built (${((performance.now() - started) / 1000).toFixed(1)} s).`);
    return "built";
  } finally {
    release();
  }
}

const distOf = (folder: string) => join(folder, "dist");
const digestFile = (dist: string) => join(dist, buildNotes, "built-from");
/** Beside `dist`, so that a rename is one step; and where neither git nor the formatter looks. */
const scratch = (folder: string) => join(folder, "node_modules", ".dashboard");

function builtFrom(folder: string): string | undefined {
  try {
    return readFileSync(digestFile(distOf(folder)), "utf8");
  } catch {
    return undefined;
  }
}

const configuration = ["index.html", "package.json", "vite.config.ts"];

function digestOf(folder: string, inputs: readonly string[]): string {
  const hash = createHash("sha256");
  const parts = [...configuration, "public", "src"].map((name) => join(folder, name));
  for (const part of [...parts, ...inputs]) {
    for (const file of filesOf(part)) {
      const content = createHash("sha256").update(readFileSync(file)).digest("hex");
      hash.update(`${relative(folder, file)} ${content}\n`);
    }
  }
  return hash.digest("hex");
}

/** Without tests, which are in no build. */
function filesOf(part: string): string[] {
  if (!existsSync(part)) return [];
  if (!statSync(part).isDirectory()) return [part];
  return readdirSync(part, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** In a process of its own: what Vite loads is of no use to who only wants its result. */
async function runVite(folder: string, outDir: string): Promise<void> {
  const said: Buffer[] = [];
  const child = spawn(
    process.execPath,
    [viteProgram(), "build", "--outDir", outDir, "--emptyOutDir", "--logLevel", "warn"],
    {
      cwd: folder,
      env: { ...process.env, NODE_ENV: "production" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => said.push(part));
  const end = await new Promise<string | number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? code ?? 1));
  });
  if (end !== 0) throw new Error(`vite build ended with ${end}:\n${Buffer.concat(said).toString().trim()}`);
}

/** Vite tells nobody but `package.json` where its program is. */
function viteProgram(): string {
  const description = createRequire(import.meta.url).resolve("vite/package.json");
  return join(dirname(description), "bin/vite.js");
}

function putInPlace(folder: string, next: string): void {
  const dist = distOf(folder);
  const before = join(scratch(folder), `before-${process.pid}`);
  rmSync(before, { recursive: true, force: true });
  if (existsSync(dist)) renameSync(dist, before);
  renameSync(next, dist);
  rmSync(before, { recursive: true, force: true });
}

const lookAgainMs = 100;
/** A lock that nobody has written a name into yet is somebody's for so long. */
const namelessMs = 5_000;

/** One builds, the others wait. A lock whose owner has gone is nobody's. */
async function takeLock(folder: string): Promise<() => void> {
  mkdirSync(scratch(folder), { recursive: true });
  const lock = join(scratch(folder), "lock");
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (isAbandoned(lock)) {
      try {
        unlinkSync(lock);
      } catch {
        // Somebody else was quicker.
      }
    } else await pause(lookAgainMs);
  }
}

function isAbandoned(lock: string): boolean {
  try {
    const owner = Number(readFileSync(lock, "utf8"));
    if (!(owner > 0)) return Date.now() - statSync(lock).mtimeMs > namelessMs;
    process.kill(owner, 0);
    return false;
  } catch (error) {
    // Not EPERM: a process of another user is one that goes on.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
