import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

export interface Ran {
  code: number;
  output: string;
  seconds: number;
}

/** Runs one of the repository's tools. With `quiet` its output is kept instead of shown. */
export function run(command: string[], options: { quiet?: boolean; env?: NodeJS.ProcessEnv } = {}): Promise<Ran> {
  const started = performance.now();
  const [program = "", ...args] = command;
  const path = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...options.env, PATH: path },
    stdio: options.quiet === true ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
  });
  const parts: Buffer[] = [];
  child.stdout?.on("data", (part: Buffer) => parts.push(part));
  child.stderr?.on("data", (part: Buffer) => parts.push(part));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({
        code: code ?? 1,
        output: Buffer.concat(parts).toString(),
        seconds: (performance.now() - started) / 1000,
      });
    });
  });
}
