import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "@steward/local/free-ports";

/** Whether this machine's Python has moto's server. */
export function hasMoto(): boolean {
  return spawnSync("python3", ["-c", "import moto.server"], { stdio: "ignore" }).status === 0;
}

export interface Moto {
  /** `http://127.0.0.1:PORT` */
  url: string;
  close(): Promise<void>;
}

/** Another imitation of AWS, which nobody here wrote, as one account in one region. */
export async function startMoto({ account, region }: { account: string; region: string }): Promise<Moto> {
  const port = await freePort();
  const child = spawn("python3", [join(import.meta.dirname, "moto-server.py"), "-H", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, MOTO_ACCOUNT_ID: account, AWS_DEFAULT_REGION: region },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said = (said + part.toString()).slice(-4_000);
  });
  const url = `http://127.0.0.1:${port}`;
  const lateMs = Date.now() + 60_000;
  while (!(await answers(url))) {
    if (child.exitCode !== null || Date.now() > lateMs) {
      await end(child);
      throw new Error(`moto did not start: ${said}`);
    }
    await pause(100);
  }
  return { url, close: () => end(child) };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`)).ok;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await ended;
}
