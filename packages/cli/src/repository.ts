import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CliError, exitCodes } from "./exit-codes.ts";

/** A program of the local cloud, beside this package. The CLI starts it as a process and carries none of its code. */
export function localProgram(name: "main" | "set-secret"): string {
  const path = fileURLToPath(new URL(`../../local/src/${name}.ts`, import.meta.url));
  if (existsSync(path)) return path;
  throw new CliError(exitCodes.failed, "The local cloud is not part of this installation", {
    next: "Run this inside the Steward repository.",
  });
}

/**
 * Runs a TypeScript program with this Node until it ends, in the repository's root, where its state is. With `input`,
 * that is its stdin, and what it says goes to stderr: stdout is ours. Returns its exit code.
 */
export function runNode(program: string, args: readonly string[], input?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: fileURLToPath(new URL("../../../", import.meta.url)),
      stdio: input === undefined ? "inherit" : ["pipe", process.stderr, "inherit"],
    });
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
    if (child.stdin) {
      // A child that ends early closes its end: its exit code says why, not this.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    }
  });
}
