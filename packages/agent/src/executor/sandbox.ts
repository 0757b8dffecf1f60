import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Facts } from "@steward/contracts/actions";
import { AppError } from "@steward/contracts/errors";
import { defaultLimits, makeCgroups, processesOf, removeCgroups, type SandboxLimits } from "./cgroups.ts";
import { factsScript, parseFacts } from "./facts.ts";
import { readStat } from "./process-tree.ts";
import type { SandboxRoot } from "./sandbox-root.ts";
import { sandboxRecipe } from "./sandbox-root.ts";
import { enterScript, initScript, innerScript, middleScript, outerScript } from "./sandbox-scripts.ts";

export interface SandboxOptions {
  root: SandboxRoot;
  /** The appliance's own changes to the root live here and outlive the sandbox. Created if missing. */
  directory: string;
  hostname: string;
  limits?: SandboxLimits;
  /** How long services may take to start. */
  startSeconds?: number;
}

/** A running sandbox. It ends with `stop`, when its process 1 ends, and with the process that started it. */
export interface Sandbox {
  /** New at every start, as on a machine that boots. The sandbox sees it in /proc/sys/kernel/random/boot_id. */
  bootId: string;
  /** Process 1, as the machine numbers it. */
  pid: number;
  cgroups: readonly string[];
  /** What to spawn so that `argv` runs in the sandbox as its root. File descriptors are handed through. */
  command(argv: readonly string[]): { file: string; args: string[] };
  /** Settles when nothing of the sandbox runs any more. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

const startSeconds = 30;
const endSeconds = 10;

export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const directory = await realpath(options.directory);
  await endFormer(directory);
  const name = createHash("sha256").update(directory).digest("hex").slice(0, 24);
  const cgroups = await makeCgroups(name, options.limits ?? defaultLimits);
  // Two overlays on one upper directory destroy each other's files, so what a killed agent left has to be gone.
  await waitFor(endSeconds, async () => {
    const left = await processesIn(cgroups);
    for (const pid of left) kill(pid);
    return left.length === 0;
  });

  const bootId = randomUUID();
  const { idBase } = options.root;
  const child = spawn(
    "setpriv",
    [
      ..."--pdeathsig KILL -- unshare --mount --propagation private -- sh -euc".split(" "),
      outerScript,
      "sh",
      directory,
      options.root.fileSystem,
      String(idBase),
      bootId,
      ...cgroups,
    ],
    {
      stdio: ["pipe", "pipe", "pipe"],
      // A session of its own: else /dev/tty in there would be the terminal that Steward was started from, and what runs
      // in a sandbox could type into it.
      detached: true,
      cwd: "/",
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        LC_ALL: "C.UTF-8",
        STEWARD_MIDDLE: middleScript,
        STEWARD_INNER: innerScript,
        STEWARD_INIT: initScript,
        STEWARD_HOSTNAME: options.hostname,
      },
    },
  );
  let init = 0;
  const ended = endOf(child).then(async () => {
    // The kernel ends what is in there after process 1, not with it.
    await waitFor(endSeconds, async () => !(await lives(init))).catch(() => undefined);
    await removeCgroups(cgroups);
  });
  const stop = async () => {
    child.stdin.end();
    // Process 1 first: its parent then ends by itself and has buried it. Before there is one, the parent.
    if (init === 0 || !kill(init)) child.kill("SIGKILL");
    await ended;
  };
  try {
    const pid = await boot(child, idBase, options.startSeconds ?? startSeconds);
    init = pid;
    await writeFile(join(directory, "init.json"), JSON.stringify(await identify(pid)), { mode: 0o600 });
    return {
      bootId,
      pid,
      cgroups,
      ended,
      stop,
      command: (argv) => ({
        file: "sh",
        args: ["-c", enterScript, "sh", String(pid), String(cgroups.length), ...cgroups, ...argv],
      }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type SandboxProbe = { usable: true; ansible: string; facts: Facts } | { usable: false; reason: string };

/** Starts a throw-away sandbox and asks its Ansible for its version: the only proof that runs will work here. */
export async function probeSandbox(root: SandboxRoot): Promise<SandboxProbe> {
  const directory = await mkdtemp(join(root.fileSystem, "..", "..", "probe-"));
  try {
    const sandbox = await startSandbox({ root, directory, hostname: "appliance" });
    try {
      const ask = async (argv: string[]) => {
        const { file, args } = sandbox.command(argv);
        return (await promisify(execFile)(file, args, { env: cleanEnvironment, timeout: 60_000 })).stdout;
      };
      const [ansible = ""] = (await ask(["ansible-playbook", "--version"])).split("\n");
      return { usable: true, ansible, facts: parseFacts(await ask(["sh", "-c", factsScript])) };
    } finally {
      await sandbox.stop();
    }
  } catch (error) {
    return { usable: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What runs in a sandbox or on an appliance knows nothing of the agent's own environment. */
export const cleanEnvironment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };

/** Talks the child through its start; answers the id of process 1. */
async function boot(child: ChildProcess, idBase: number, seconds: number): Promise<number> {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error("the sandbox has no pipes");
  let errors = "";
  stderr.on("data", (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-2000);
  });
  // A sandbox that ends early closes its input first; what it said is the error that counts.
  stdin.on("error", () => undefined);
  return await new Promise<number>((resolve, reject) => {
    let pid = 0;
    let text = "";
    const fail = (reason: string) => {
      clearTimeout(timer);
      reject(new AppError("unavailable", `The sandbox did not start: ${(errors.trim() || reason).slice(-600)}`));
    };
    const timer = setTimeout(() => fail(`it was not ready after ${seconds} s`), seconds * 1000);
    child.on("error", (error) => fail(error.message));
    child.on("close", (code, signal) => fail(`it ended with ${signal ?? code}`));
    stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
        const [word, argument] = text.slice(0, end).split(" ");
        text = text.slice(end + 1);
        if (word === "map") {
          pid = Number(argument);
          mapIds(pid, idBase).then(
            () => stdin.write("mapped\n"),
            (error: Error) => fail(error.message),
          );
        } else if (word === "ready") {
          clearTimeout(timer);
          resolve(pid);
        }
      }
    });
  });
}

/** 0…65535 inside are `idBase`… outside. Only a process outside may say so, which is why the sandbox waits for it. */
async function mapIds(pid: number, idBase: number): Promise<void> {
  const map = `0 ${idBase} ${sandboxRecipe.idCount}\n`;
  await writeFile(`/proc/${pid}/gid_map`, map);
  await writeFile(`/proc/${pid}/uid_map`, map);
}

/**
 * Ends what an agent that was killed may have left of this very sandbox. It ends by itself when the agent's pipe
 * closes; this is for the moment in between, and for a machine without cgroups.
 */
async function endFormer(directory: string): Promise<void> {
  const file = join(directory, "init.json");
  const former = await readFile(file, "utf8").catch(() => undefined);
  if (former === undefined) return;
  // A power cut may have left an empty file; nothing of that boot runs any more.
  const pid = Number(/^\{"pid":(\d+),/.exec(former)?.[1] ?? 0);
  await waitFor(endSeconds, async () => {
    if (pid === 0) return true;
    if (JSON.stringify(await identify(pid)) !== former || !(await lives(pid))) return true;
    kill(pid);
    return false;
  });
  await rm(file, { force: true });
}

/** A process id alone may have been given to another process since. */
async function identify(pid: number): Promise<{ pid: number; startTicks: string | undefined; bootId: string }> {
  const bootId = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  return { pid, startTicks: (await readStat(pid))?.startTicks, bootId };
}

async function processesIn(cgroups: readonly string[]): Promise<number[]> {
  const found = (await Promise.all(cgroups.map(processesOf))).flat();
  const living = await Promise.all(found.map(lives));
  return found.filter((_, index) => living[index]);
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on("close", () => resolve());
    child.on("error", () => resolve());
  });
}

/** A zombie has ended; when it is buried is up to its parent, and a process 1 becomes one after all others are gone. */
async function lives(pid: number): Promise<boolean> {
  const stat = await readStat(pid);
  return stat !== undefined && !stat.zombie;
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false; // It has ended in the meantime.
  }
}

async function waitFor(seconds: number, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new AppError("unavailable", "A former sandbox of this appliance does not end.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
