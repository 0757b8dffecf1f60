import { type ChildProcess, execFile, spawn } from "node:child_process";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import type { Facts } from "@steward/contracts/actions";
import { AppError } from "@steward/contracts/errors";
import { pack } from "tar-stream";
import { z } from "zod";
import type { Boot, Executor, Output, StepOutcome, StepRequest } from "./executor.ts";
import { factsScript, parseFacts } from "./facts.ts";
import { killTree } from "./process-tree.ts";
import { cleanEnvironment } from "./sandbox.ts";
import {
  ansibleEnvironment,
  callbackPlugin,
  cleanScript,
  playbookArguments,
  stepScript,
  variablesFile,
} from "./step-files.ts";

/** Where steps run. The machine itself (`hostPlace`) on a real appliance, a sandbox in the demo fleet. */
export interface Place {
  /** What to spawn so that `argv` runs there as root, with descriptors handed through. May start the place first. */
  command(argv: readonly string[]): Promise<{ file: string; args: string[] }>;
  /** Directory there for the files of the running step; created if missing. Nobody else's: it is emptied. */
  workDirectory: string;
  /** Facts that are known without starting anything; undefined makes the executor ask the place. */
  knownFacts?(): Promise<Facts | undefined>;
  /** Called with the facts after a run. */
  keepFacts?(facts: Facts): Promise<void>;
  boot: Boot;
  close(): Promise<void>;
}

export interface AnsibleExecutorOptions {
  place: Place;
  /** The program and its first arguments. Default: `["ansible-playbook"]`. */
  ansiblePlaybook?: readonly string[];
  /** Further environment of that program. */
  environment?: Record<string, string>;
}

/**
 * The agent's unit says that memory is taken from it last, which whatever it starts would inherit, and the services that a
 * playbook starts by hand after that: they are to be as all others.
 */
export const asUsuallyKilled =
  'read -r score </proc/self/oom_score_adj && [ "$score" -lt 0 ] && echo 0 >/proc/self/oom_score_adj; exec "$@"';

/** The machine that the agent runs on. */
export function hostPlace(workDirectory: string): Place {
  return {
    workDirectory,
    // A killed agent takes its playbook along: its run is reported as interrupted, so it must not go on. Nor begin, where the
    // agent was gone before the program was tied to it.
    command: ([...argv]) =>
      Promise.resolve({
        file: "setpriv",
        args: [
          ..."--pdeathsig TERM -- sh -c".split(" "),
          `[ "$PPID" = ${process.pid} ] || exit 143; ${asUsuallyKilled}`,
          "sh",
          ...argv,
        ],
      }),
    boot: {
      id: async () => (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim(),
      // Not tied to the agent's life: whoever is told to go down takes the agent along.
      restart: async () => {
        await promisify(execFile)("shutdown", ["-r", "now"], { cwd: "/", env: cleanEnvironment, timeout: 30_000 });
      },
    },
    close: () => Promise.resolve(),
  };
}

export function createAnsibleExecutor(options: AnsibleExecutorOptions): Executor {
  const { place } = options;
  const program = options.ansiblePlaybook ?? ["ansible-playbook"];
  const running = new Set<Promise<unknown>>();
  const closing = new AbortController();
  /** The place's kept facts are from before a run whose facts could not be asked for. */
  let keptFactsAreOld = false;

  async function askFacts(): Promise<Facts> {
    const { file, args } = await place.command(["sh", "-c", factsScript]);
    const { stdout } = await promisify(execFile)(file, args, {
      cwd: "/",
      env: cleanEnvironment,
      timeout: 30_000,
      maxBuffer: 4 * 1024 * 1024,
    });
    return parseFacts(stdout);
  }

  async function clean(): Promise<void> {
    const { file, args } = await place.command(["sh", "-c", cleanScript, "sh", place.workDirectory]);
    await promisify(execFile)(file, args, { cwd: "/", env: cleanEnvironment, timeout: 30_000 });
  }

  async function run(step: StepRequest, output: Output, signal: AbortSignal) {
    const files = await stepArchive(step);
    const argv = ["sh", "-c", stepScript, "sh", place.workDirectory, ...program, ...playbookArguments(step)];
    const { file, args } = await place.command(argv);
    const env = { ...cleanEnvironment, ...ansibleEnvironment, ...options.environment };
    const ended = await runProcess({
      file,
      args,
      env,
      input: files,
      output,
      timeoutSeconds: step.timeoutSeconds,
      signal: AbortSignal.any([signal, closing.signal]),
    });
    if (ended.stopped !== undefined) await clean();
    if (step.mode !== "check" && !closing.signal.aborted) await keepFacts();
    return outcomeOf(step, ended);
  }

  /** The step has happened: that its facts cannot be told must not make it look as if it had not. */
  async function keepFacts(): Promise<void> {
    if (place.keepFacts === undefined) return;
    keptFactsAreOld = true;
    try {
      await place.keepFacts(await askFacts());
      keptFactsAreOld = false;
    } catch {
      // Whoever wants the facts next asks the place itself, and is told what is wrong.
    }
  }

  return {
    name: "ansible",
    boot: place.boot,
    run(step, output, signal) {
      const ended = run(step, output, signal);
      const settled = ended.catch(() => undefined).finally(() => running.delete(settled));
      running.add(settled);
      return ended;
    },
    async facts() {
      return (keptFactsAreOld ? undefined : await place.knownFacts?.()) ?? (await askFacts());
    },
    async close() {
      closing.abort();
      await Promise.all(running);
      await place.close();
    },
  };
}

/** Bundle, values and callback as one tar. Links in a bundle are refused: they would be followed by root. */
async function stepArchive(step: StepRequest): Promise<Buffer> {
  const archive = pack();
  const entries = await readdir(step.bundleDir, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    if (!(await lstat(path)).isFile()) {
      throw new AppError(
        "unprocessable",
        `The bundle of ${step.actionId} holds ${entry.name}, which is no plain file.`,
      );
    }
    archive.entry({ name: relative(step.bundleDir, path), mode: 0o600 }, await readFile(path));
  }
  archive.entry({ name: "variables.yml", mode: 0o600 }, variablesFile(step));
  archive.entry({ name: "ansible.cfg", mode: 0o600 }, "[defaults]\n");
  archive.entry({ name: "callback/steward.py", mode: 0o600 }, callbackPlugin);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stopped: "timed_out" | "aborted" | undefined;
  /** What the callback reported, or nothing if the program did not get so far. */
  events: string;
}

interface ProcessOptions {
  file: string;
  args: string[];
  env: Record<string, string>;
  input: Buffer;
  output: Output;
  timeoutSeconds: number;
  signal: AbortSignal;
}

const maxEventBytes = 1024 * 1024;
/** A daemon may hold the output open after the program has ended; so long its last words are waited for. */
const drainMs = 500;

function runProcess(options: ProcessOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) {
      resolve({ code: null, signal: null, stopped: "aborted", events: "" });
      return;
    }
    const child = spawn(options.file, options.args, {
      cwd: "/",
      env: options.env,
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      detached: true,
    });
    let events = "";
    let stopped: Ended["stopped"];
    const stop = (why: "timed_out" | "aborted") => {
      if (stopped !== undefined || child.pid === undefined) return;
      stopped = why;
      killTree(child.pid).catch(reject);
    };
    const abort = () => stop("aborted");
    const timer = setTimeout(() => stop("timed_out"), options.timeoutSeconds * 1000);
    options.signal.addEventListener("abort", abort);

    let waiting = 0;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        const room = options.output(chunk);
        if (!(room instanceof Promise)) return;
        // The program is held up by its full pipe meanwhile.
        waiting += 1;
        stream.pause();
        const goOn = () => {
          waiting -= 1;
          stream.resume();
        };
        room.then(goOn, goOn);
      });
    }
    const channel = child.stdio[3];
    if (channel instanceof Readable) {
      channel.on("data", (chunk: Buffer) => {
        if (events.length < maxEventBytes) events += chunk.toString();
      });
    }
    // A program that never reads its input breaks the pipe; its exit code is what counts.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input);

    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", abort);
      letGo(child);
      resolve({ code, signal, stopped, events });
    };
    child.on("error", (error) => {
      clearTimeout(timer);
      options.signal.removeEventListener("abort", abort);
      reject(new AppError("unavailable", `${options.file} could not be started: ${error.message}`, { cause: error }));
    });
    child.on("close", finish);
    child.on("exit", (code, signal) => {
      // What it printed last may still wait for room.
      const end = () => (waiting > 0 ? setTimeout(end, drainMs).unref() : finish(code, signal));
      setTimeout(end, drainMs).unref();
    });
  });
}

function letGo(child: ChildProcess): void {
  for (const stream of child.stdio) stream?.destroy();
}

const eventsSchema = z.object({
  hosts: z.record(
    z.string(),
    z.object({ changed: z.number(), failures: z.number(), unreachable: z.number(), rescued: z.number().default(0) }),
  ),
  failures: z.array(z.object({ task: z.string(), message: z.string() })),
  result: z.unknown().optional(),
  secrets: z.array(z.string()).optional(),
  changes: z.array(z.object({ task: z.string(), diff: z.string().optional() })).default([]),
  reboot: z.boolean().optional(),
  upgrade: z.string().optional(),
  slowest: z.array(z.object({ task: z.string(), durationMs: z.number().nonnegative() })).optional(),
});

function outcomeOf(step: StepRequest, ended: Ended): StepOutcome {
  const events = readEvents(ended.events);
  const hosts = Object.values(events?.hosts ?? {});
  const sum = (key: "changed" | "failures" | "unreachable") => hosts.reduce((total, host) => total + host[key], 0);
  // Names of secrets that the step was not given are none of ours.
  const used = events?.secrets?.filter((name) => Object.hasOwn(step.secrets ?? {}, name)) ?? [];
  const told = {
    changed: sum("changed"),
    ...(events === undefined || events.changes.length === 0 ? {} : { changes: events.changes }),
    ...(used.length === 0 ? {} : { secrets: used }),
    ...(events?.slowest === undefined || events.slowest.length === 0 ? {} : { slowest: events.slowest }),
  };
  if (ended.stopped === "timed_out") {
    const reason = `timed out after ${step.timeoutSeconds} s`;
    return { ...told, status: "failed", failedTasks: sum("failures"), timedOut: true, reason };
  }
  if (ended.stopped === "aborted") {
    return { ...told, status: "failed", failedTasks: sum("failures"), reason: "interrupted" };
  }
  if (ended.code === 0) {
    const result = events?.result;
    return {
      ...told,
      status: "succeeded",
      failedTasks: 0,
      ...(result === undefined ? {} : { result }),
      // A preview restarts nothing, whatever the playbook says.
      ...(events?.reboot === true && step.mode === "apply" ? { wantsReboot: true } : {}),
      ...(events?.upgrade === undefined || step.mode !== "apply" ? {} : { wantsUpgrade: events.upgrade }),
    };
  }
  const [failure] = events?.failures ?? [];
  const reason =
    failure === undefined
      ? `ansible-playbook ended with ${ended.signal ?? `exit code ${ended.code}`}; its output says more`
      : `${failure.task}: ${failure.message}`.slice(0, 2000);
  return {
    ...told,
    status: "failed",
    failedTasks: Math.max(1, sum("failures")),
    ...(sum("unreachable") > 0 ? { unreachable: true } : {}),
    reason,
  };
}

function readEvents(text: string): z.infer<typeof eventsSchema> | undefined {
  try {
    return eventsSchema.parse(JSON.parse(text.trim().split("\n").at(-1) ?? ""));
  } catch {
    return undefined;
  }
}
