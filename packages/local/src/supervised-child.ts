import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { textLine } from "@steward/contracts/log-line";

/** Each of the host's threads would have a malloc arena of its own, which glibc never gives back. Elsewhere it means nothing. */
const fewArenas = { MALLOC_ARENA_MAX: "2" };

export interface ChildSpec {
  /** `cloud`, `host`, `worker`, `fleet`. */
  role: string;
  file: URL;
  args?: readonly string[];
  env: () => Record<string, string>;
  /** Recognises, in what the child says (its channel, or a JSON line of its output), that it is up. */
  isReady: (message: Record<string, unknown>) => boolean;
  onMessage?: (message: Record<string, unknown>) => void;
  readyTimeoutMs?: number;
  logFile: string;
}

export interface SupervisedChild {
  readonly role: string;
  readonly pid: number | undefined;
  /** How often it was started. */
  readonly starts: number;
  /** Resolves when it is up for the first time; rejects if it ends before that, with what it said last. */
  start(): Promise<void>;
  /** Resolves when it is up again, after a kill; at once if it is up. */
  up(): Promise<void>;
  send(message: object): void;
  kill(signal: NodeJS.Signals): void;
  /** Ends it and does not start it again. */
  close(graceMs?: number): Promise<void>;
  /** Ends it and all that it started, now. */
  killNow(): void;
}

const guard = new URL("./child-guard.ts", import.meta.url);
const firstPauseMs = 100;
const longestPauseMs = 5_000;
/** A child that was up for so long has recovered: its next restart is quick again. */
const steadyMs = 10_000;

/**
 * One program, started again with growing pauses whenever it ends, as systemd would. It has a process group of its own: a
 * terminal's Ctrl-C reaches only the supervisor, and what the child started can be ended with it.
 */
export function superviseChild(spec: ChildSpec, log: (message: string) => void): SupervisedChild {
  const lastLines: string[] = [];
  const output: WriteStream = createWriteStream(spec.logFile, { flags: "a", mode: 0o600 });
  // A full disk loses lines of a log. It must not end what the log is about.
  output.once("error", (error) => {
    log(`${spec.logFile} cannot be written: ${error.message}`);
    output.on("error", () => undefined);
  });
  let child: ChildProcess | undefined;
  let starts = 0;
  let closing = false;
  let isUp = false;
  let waiters: (() => void)[] = [];
  let firstFailure: ((error: Error) => void) | undefined;
  let running: Promise<void> | undefined;

  const hear = (message: unknown) => {
    if (typeof message !== "object" || message === null) return;
    const heard = message as Record<string, unknown>;
    spec.onMessage?.(heard);
    if (isUp || !spec.isReady(heard)) return;
    isUp = true;
    // From now on an end is no failure to start, but something to start again after.
    firstFailure = undefined;
    for (const done of waiters) done();
    waiters = [];
  };

  const runOnce = async (): Promise<string> => {
    starts += 1;
    const started = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", guard.href, fileURLToPath(spec.file), ...(spec.args ?? [])],
      { env: { ...spec.env(), ...fewArenas }, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
    );
    child = started;
    started.on("message", hear);
    for (const stream of [started.stdout, started.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        // Also what is no log of ours: the last words of a process that nobody caught.
        const told = textLine(line);
        lastLines.push(told.trimEnd());
        if (lastLines.length > 30) lastLines.shift();
        output.write(told);
        if (line.startsWith("{")) hear(parseJson(line));
      });
    }
    return await new Promise<string>((resolve) => {
      started.once("error", (error) => resolve(error.message));
      started.once("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    });
  };

  const run = async () => {
    let pauseMs = firstPauseMs;
    while (!closing) {
      const startedMs = Date.now();
      const reason = await runOnce();
      isUp = false;
      child = undefined;
      if (closing) return;
      if (firstFailure !== undefined) {
        firstFailure(new Error(lastWords(spec, lastLines, reason)));
        return;
      }
      if (Date.now() - startedMs > steadyMs) pauseMs = firstPauseMs;
      log(`${spec.role} ended (${reason}); starting it again (log: ${spec.logFile})`);
      await pause(pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  };

  const up = () => (isUp ? Promise.resolve() : new Promise<void>((resolve) => waiters.push(resolve)));
  const signalGroup = (signal: NodeJS.Signals) => {
    const pid = child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended in the meantime.
    }
  };

  return {
    role: spec.role,
    get pid() {
      return child?.pid;
    },
    get starts() {
      return starts;
    },
    up,
    start: () => {
      const timeoutMs = spec.readyTimeoutMs ?? 30_000;
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () =>
            reject(
              new Error(`${spec.role} was not up within ${timeoutMs / 1000} s: ${lastLines.slice(-8).join("\n")}`),
            ),
          timeoutMs,
        );
        firstFailure = (error) => {
          clearTimeout(timer);
          reject(error);
        };
        void up().then(() => {
          clearTimeout(timer);
          resolve();
        });
        running = run();
      });
    },
    send: (message) => {
      if (child?.connected === true) child.send(message);
    },
    kill: (signal) => {
      child?.kill(signal);
      // What is asked for from now on waits for the next one.
      isUp = false;
    },
    close: async (graceMs = 5_000) => {
      closing = true;
      const ending = child;
      if (ending !== undefined && ending.exitCode === null && ending.signalCode === null) {
        const gone = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
        ending.kill("SIGTERM");
        const timer = setTimeout(() => signalGroup("SIGKILL"), graceMs);
        await gone;
        clearTimeout(timer);
      }
      await running;
      output.end();
    },
    killNow: () => {
      closing = true;
      signalGroup("SIGKILL");
    },
  };
}

/** A program of ours says in one line why it cannot run; anything else is shown as it is. */
function lastWords({ role, logFile }: ChildSpec, lines: readonly string[], reason: string): string {
  const sentence = lines.findLast((line) => /^(local cloud|steward-[a-z]+): /.test(line));
  return sentence?.replace(/\.$/, "") ?? `${role} ended (${reason}; log: ${logFile}): ${lines.slice(-8).join("\n")}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
