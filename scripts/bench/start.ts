import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@steward/local/free-ports";
import { root } from "../run.ts";
import type { Figure } from "./report.ts";

/**
 * From the command to the printed address, as a user waits for it: a whole new installation with 25 appliances, then
 * the same one again.
 */
export async function benchStart(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-start-"));
  try {
    const first = await startOnce(folder);
    const second = await startOnce(folder);
    return [
      {
        name: "start to ready, new",
        value: first,
        unit: "s",
        bar: { at: "most", value: 5 },
        how: "npm start's command with an empty state folder, 25 appliances enrolled",
      },
      {
        name: "start to ready, again",
        value: second,
        unit: "s",
        bar: { at: "most", value: 5 },
        how: "the same installation once more",
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startOnce(folder: string): Promise<number> {
  const started = performance.now();
  const [api, nodes, cloud] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(
    process.execPath,
    [
      join(root, "packages/local/src/main.ts"),
      `--state-dir=${join(folder, "state")}`,
      "--executor=simulate",
      `--api-port=${api}`,
      `--cloud-port=${cloud}`,
      `--nodes-port=${nodesPort ?? nodes}`,
    ],
    {
      cwd: root,
      env: { ...process.env, STEWARD_CONFIG_DIR: join(folder, "config") },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  nodesPort ??= nodes;
  await printed(child, "#login=");
  const seconds = (performance.now() - started) / 1000;
  child.kill("SIGINT");
  await once(child, "exit");
  return seconds;
}
/** An installation's machines keep calling the port that they enrolled at. */
let nodesPort: number | undefined;

function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = "";
    child.stdout?.on("data", (part: Buffer) => {
      seen += part.toString();
      if (seen.includes(text)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`it ended (${code}) before it was ready:\n${seen}`)));
  });
}
