import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type CloudCredential } from "../src/cloud/authorize.ts";
import { fullAccess } from "./contract/target.ts";

/** The cloud as users get it: a process of its own, which tests may kill. */
export interface CloudProcess {
  port: number;
  endpoint: string;
  process: ChildProcess;
  /** SIGKILL: no tidy end. */
  kill(): Promise<void>;
}

export const mainFile = fileURLToPath(new URL("../src/cloud/main.ts", import.meta.url));

export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "steward-cloud-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function writeCredentials(folder: string, credentials: CloudCredential[] = [fullAccess]): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "credentials.json");
  writeFileSync(file, JSON.stringify(credentials), { mode: 0o600 });
  chmodSync(file, 0o600);
  return file;
}

export function environmentOf(folder: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
    STEWARD_STATE_DIR: join(folder, "state"),
    STEWARD_CLOUD_PORT: "0",
    STEWARD_STAGE: "test",
    STEWARD_CREDENTIALS_FILE: join(folder, "credentials.json"),
    ...more,
  };
}

export async function startCloudProcess(folder: string, more: Record<string, string> = {}): Promise<CloudProcess> {
  const child = spawn(process.execPath, [mainFile], {
    env: environmentOf(folder, more),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (data: Buffer) => {
      text += data.toString("utf8");
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.once("exit", (code) => reject(new Error(`The cloud ended with ${code} before it was ready`)));
  });
  const ready = JSON.parse(line) as { ready: boolean; port: number; endpoint: string };
  return {
    port: ready.port,
    endpoint: ready.endpoint,
    process: child,
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Runs the cloud until it ends by itself; what it said and how it ended. */
export function runToEnd(environment: NodeJS.ProcessEnv): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [mainFile], { env: environment, stdio: ["pipe", "ignore", "pipe"] });
    let stderr = "";
    child.stderr?.on("data", (data: Buffer) => {
      stderr += data.toString("utf8");
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    });
  });
}

/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
