import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Profile } from "@steward/contracts/profile";

const program = fileURLToPath(new URL("../bin/steward.js", import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder of configuration of its own for each test. */
export async function configFolder(
  profile?: Profile,
): Promise<{ folder: string; file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "steward-cli-"));
  const file = join(folder, "profiles.json");
  if (profile)
    await writeFile(file, JSON.stringify({ current: "local", profiles: { local: profile } }), { mode: 0o600 });
  return { folder, file, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Runs the real command. `input` comes by a shell's pipe; without it stdin is `/dev/null`. */
export function steward(
  args: readonly string[],
  options: {
    config: string;
    input?: string;
    interruptAfter?: RegExp;
    env?: Record<string, string>;
    /** Called with all of stderr so far, whenever there is more. */
    onStderr?: (text: string) => void;
  },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = {
      PATH: process.env["PATH"],
      HOME: options.config,
      STEWARD_CONFIG_DIR: options.config,
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      ...options.env,
    };
    const piped = options.input !== undefined;
    // A child's "pipe" is a socket to it; `cat |` makes stdin what it is in a script.
    const child = piped
      ? spawn("sh", ["-c", 'cat | "$@"', "sh", process.execPath, program, ...args], {
          env,
          stdio: ["pipe", "pipe", "pipe"],
        })
      : spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (data: Buffer) => {
      stdout += data.toString();
      if (options.interruptAfter?.test(stdout)) child.kill("SIGINT");
    });
    child.stderr?.on("data", (data: Buffer) => {
      stderr += data.toString();
      options.onStderr?.(stderr);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
    child.stdin?.end(options.input);
  });
}
