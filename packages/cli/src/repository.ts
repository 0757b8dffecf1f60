import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { readProgramAnswer } from "@steward/contracts/program-answer";
import type { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

/** Programs of the repository that this package is part of. The CLI starts them as processes and carries none of their code. */
const programs = {
  start: "packages/local/src/main.ts",
  "cert-init": "scripts/stage/cert-init.ts",
  bootstrap: "scripts/stage/bootstrap.ts",
  keys: "scripts/stage/keys.ts",
  "set-secret": "scripts/stage/set-secret.ts",
} as const;
type Program = keyof typeof programs;

/** Runs a program that has the terminal to itself until it ends. Returns its exit code. */
export function runProgram(program: Program, args: readonly string[]): Promise<number> {
  return ended(start(program, args, "inherit"));
}

/**
 * Asks a program: it gets `input` as JSON on its stdin, and answers as `programAnswer` says. What it says besides goes to
 * stderr. Throws what it answers with as its problem.
 */
export async function askProgram<Schema extends z.ZodType>(
  program: Program,
  args: readonly string[],
  { input = {}, answer }: { input?: object; answer: Schema },
): Promise<z.output<Schema>> {
  const child = start(program, args, ["pipe", "pipe", "inherit"]);
  // A child that ends early closes its end: its answer says why, not this.
  child.stdin?.on("error", () => {});
  child.stdin?.end(JSON.stringify(input));
  const [code, output] = await Promise.all([ended(child), child.stdout === null ? "" : text(child.stdout)]);
  if (code === exitCodes.interrupted) throw new CliError(exitCodes.interrupted, "Stopped");
  const answered = readProgramAnswer(output);
  if (answered === undefined) throw new CliError(exitCodes.failed, `${programs[program]} ended without an answer`);
  return answer.parse(answered.result);
}

/** With this Node, in the repository's root, where its state is. */
function start(program: Program, args: readonly string[], stdio: "inherit" | ("pipe" | "inherit")[]) {
  const root = new URL("../../../", import.meta.url);
  const file = fileURLToPath(new URL(programs[program], root));
  if (!existsSync(file)) {
    throw new CliError(exitCodes.failed, `${programs[program]} is not part of this installation`, {
      next: "Run this inside the Steward repository.",
    });
  }
  return spawn(process.execPath, [file, ...args], { cwd: fileURLToPath(root), stdio });
}

function ended(child: ReturnType<typeof start>): Promise<number> {
  return new Promise((resolve, reject) => {
    const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    const handlers = forwarded.map((signal) => {
      // On a terminal Ctrl-C reaches the child by itself; twice would mean "at once".
      const handler = (): void => void (signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal));
      process.on(signal, handler);
      return { signal, handler };
    });
    const settle = (act: () => void): void => {
      for (const { signal, handler } of handlers) process.removeListener(signal, handler);
      act();
    };
    child.on("error", (error) => settle(() => reject(error)));
    child.on("exit", (code, signal) =>
      settle(() => resolve(code ?? (signal === "SIGINT" ? exitCodes.interrupted : 1))),
    );
  });
}
