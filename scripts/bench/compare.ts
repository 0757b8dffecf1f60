import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chownSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "../run.ts";
import { benchHeartbeats } from "./heartbeats.ts";
import type { Figure } from "./report.ts";

const nodeCount = 200;
const beatsPerNode = 25;
const ticksPerSecond = 100;

/**
 * Beside a plain service, Fastify with PostgreSQL, before and after Steward's in one run. Both have a heartbeat on a disk of this
 * machine before they answer. Steward's is a stand-in for DynamoDB there; what of it runs on AWS is the handler alone.
 */
export async function benchCompare(): Promise<Figure[]> {
  const binaries = findPostgres();
  if (binaries === undefined) {
    process.stderr.write("no PostgreSQL is installed here: nothing to compare with\n");
    return [];
  }
  const before = await measurePlain(binaries);
  const ours = await benchHeartbeats();
  const after = await measurePlain(binaries);
  const rate = (before.perSecond + after.perSecond) / 2;
  const cpuMs = (before.cpuMs + after.cpuMs) / 2;
  const figure = (name: string) => ours.find((one) => one.name === name)?.value ?? Number.NaN;
  const handlerMs = figure("heartbeat handler CPU");
  return [
    {
      name: "plain service: heartbeats",
      value: rate,
      unit: "1/s",
      how: `${nodeCount * beatsPerNode} of ${nodeCount} nodes, Fastify and PostgreSQL, each on the disk; before and after Steward's`,
    },
    {
      name: "Steward: heartbeats",
      value: figure("heartbeats"),
      unit: "1/s",
      how: "the handler here, the local cloud beside it: its table, signatures and rights as on AWS",
    },
    {
      name: "plain service: CPU a heartbeat",
      value: cpuMs,
      unit: "ms",
      how: "the service and all of PostgreSQL's processes: all of it is a server that somebody pays for and looks after",
    },
    {
      name: "Steward: CPU a heartbeat",
      value: handlerMs,
      unit: "ms",
      how: "the handler alone: DynamoDB's is in the price of a write; certificate, fence, health and thresholds are in it",
    },
  ];
}

function findPostgres(): string | undefined {
  const { stdout, status } = spawnSync("sh", ["-c", "command -v postgres"], { encoding: "utf8" });
  return status === 0 ? dirname(realpathSync(stdout.trim())) : undefined;
}

async function measurePlain(binaries: string): Promise<{ perSecond: number; cpuMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-plain-"));
  const user = serverUser(folder);
  const data = join(folder, "data");
  const made = spawnSync(join(binaries, "initdb"), ["-D", data, "-U", "bench", "-A", "trust"], {
    ...user,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  // Without a port: the socket is in the folder. It writes to its disk before it answers, which is its default.
  const server = spawn(join(binaries, "postgres"), ["-D", data, "-k", folder, "-c", "listen_addresses="], {
    ...user,
    stdio: "ignore",
  });
  let service: ChildProcess | undefined;
  try {
    await untilReady(binaries, folder);
    service = spawn(process.execPath, [join(root, "scripts/bench/plain-service.ts")], {
      env: { PATH: process.env["PATH"], PGHOST: folder, PGUSER: "bench", PGDATABASE: "postgres" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const [line] = (await once(service.stdout as NonNullable<typeof service.stdout>, "data")) as [Buffer];
    const { address } = JSON.parse(line.toString()) as { address: string };
    const round = (sequence: number) =>
      Promise.all(Array.from({ length: nodeCount }, (_, node) => beat(address, node, sequence)));
    for (let sequence = 1; sequence <= 5; sequence += 1) await round(sequence);
    const pids = [service.pid, server.pid].filter((pid) => pid !== undefined);
    const cpuBefore = cpuSeconds(pids);
    const started = performance.now();
    for (let sequence = 6; sequence < 6 + beatsPerNode; sequence += 1) await round(sequence);
    const seconds = (performance.now() - started) / 1_000;
    const beats = nodeCount * beatsPerNode;
    const cpuMs = ((cpuSeconds(pids) - cpuBefore) * 1_000) / beats;
    return { perSecond: beats / seconds, cpuMs };
  } finally {
    service?.kill();
    server.kill("SIGINT");
    await once(server, "exit");
    await rm(folder, { recursive: true, force: true });
  }
}

async function beat(address: string, node: number, sequence: number): Promise<void> {
  const metrics = { cpuPercent: 12.5, memoryPercent: 40.25, diskPercent: 55.5, loadAverage1m: 0.42, uptimeSeconds: 1 };
  const answer = await fetch(`${address}/api/v1/heartbeat/${node}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sequence, intervalSeconds: 60, metrics, agentVersion: "0.1.0" }),
  });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`the plain service answered ${answer.status}`);
}

/** PostgreSQL does not run as root: it gets its own user then, and the folder. */
function serverUser(folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((what) =>
    Number(spawnSync("id", [what, "postgres"], { encoding: "utf8" }).stdout),
  );
  if (uid === undefined || gid === undefined || Number.isNaN(uid)) throw new Error("there is no user postgres");
  chownSync(folder, uid, gid);
  return { uid, gid };
}

async function untilReady(binaries: string, folder: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (spawnSync(join(binaries, "pg_isready"), ["-h", folder, "-q"]).status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("PostgreSQL did not start");
}

/** Of these processes and all below them, those that have ended among them. */
function cpuSeconds(pids: readonly number[]): number {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const stats = new Map(
    all.flatMap((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        const [parent, ticks] = [Number(fields[1]), [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0)];
        return [[Number(pid), { parent, ticks }] as const];
      } catch {
        return [];
      }
    }),
  );
  const isBelow = (pid: number): boolean =>
    pids.includes(pid) || (stats.has(pid) && isBelow(stats.get(pid)?.parent ?? 0));
  return [...stats].reduce((sum, [pid, { ticks }]) => sum + (isBelow(pid) ? ticks : 0), 0) / ticksPerSecond;
}
