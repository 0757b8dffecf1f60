import type { Gpu } from "@steward/contracts/heartbeat";
import type { FoundGpu } from "./found-gpu.ts";
import { amdMetricArgs, amdStaticArgs, readAmdSmi, readRocmSmi, rocmArgs } from "./read-amd.ts";
import { migColumn, nvidiaColumns, nvidiaQuery, readMigSlices, readNvidiaRows } from "./read-nvidia-smi.ts";
import type { RunTool, ToolOutcome } from "@steward/node-client/run-tool";

export type Tool = "nvidia-smi" | "rocm-smi" | "amd-smi";
/** A tool that is there and does not tell. One that is absent is no trouble: most hosts lack most of them. */
export interface ToolTrouble {
  tool: Tool;
  why: "timed_out" | "failed" | "garbled";
  detail: string;
}
export interface GpuProbe {
  gpus: FoundGpu[];
  troubles: ToolTrouble[];
}

type Read = { gpus: FoundGpu[] } | { absent: true } | { trouble: ToolTrouble };

/** The GPUs of this host, as their makers' tools see them. Never throws. */
export async function probeGpus(run: RunTool): Promise<GpuProbe> {
  const [nvidia, rocm] = await Promise.all([probeNvidia(run), probeRocm(run)]);
  // `rocm-smi` is on its way out; where it is gone or of no use, its successor is asked.
  const amd = "gpus" in rocm && rocm.gpus.length > 0 ? rocm : await probeAmd(run);
  const reads = [nvidia, "absent" in amd ? rocm : amd];
  return {
    gpus: reads.flatMap((read) => ("gpus" in read ? read.gpus : [])),
    troubles: reads.flatMap((read) => ("trouble" in read ? [read.trouble] : [])),
  };
}

async function probeNvidia(run: RunTool): Promise<Read> {
  const tool = "nvidia-smi";
  let outcome = await runAnywhere(run, tool, nvidiaQuery([...nvidiaColumns, migColumn]));
  if (outcome.kind === "failed" && /not a valid field/i.test(outcome.detail)) {
    outcome = await runAnywhere(run, tool, nvidiaQuery(nvidiaColumns));
  }
  if (outcome.kind !== "output") return notRead(tool, outcome);
  // A host whose cards are taken away: the tool is there and content.
  if (/^no devices were found/im.test(outcome.stdout)) return { gpus: [] };
  const rows = readNvidiaRows(outcome.stdout);
  if (rows === undefined) return garbled(tool, outcome.stdout);
  const slices = rows.some((row) => row.mig) ? await listSlices(run) : new Map<number, never[]>();
  return {
    gpus: rows.flatMap(({ mig, ...gpu }, index): FoundGpu[] => {
      if (!mig) return [gpu];
      const { name, vendor, driver } = gpu;
      const about = { vendor, ...(driver === undefined ? {} : { driver }), memory: "slice" as const };
      const found = slices.get(index) ?? [];
      return found.map(({ profile, vramMb }) => ({ name: `${name} MIG ${profile}`, ...about, vramMb }));
    }),
  };
}

async function listSlices(run: RunTool): Promise<Map<number, { profile: string; vramMb: number }[]>> {
  const outcome = await runAnywhere(run, "nvidia-smi", ["-L"]);
  return outcome.kind === "output" ? readMigSlices(outcome.stdout) : new Map();
}

async function probeRocm(run: RunTool): Promise<Read> {
  const outcome = await runAnywhere(run, "rocm-smi", rocmArgs);
  if (outcome.kind !== "output") return notRead("rocm-smi", outcome);
  const gpus = readRocmSmi(outcome.stdout);
  return gpus === undefined ? garbled("rocm-smi", outcome.stdout) : { gpus };
}

async function probeAmd(run: RunTool): Promise<Read> {
  const outcome = await runAnywhere(run, "amd-smi", amdMetricArgs);
  if (outcome.kind !== "output") return notRead("amd-smi", outcome);
  const about = await runAnywhere(run, "amd-smi", amdStaticArgs);
  const gpus = readAmdSmi(outcome.stdout, about.kind === "output" ? about.stdout : "");
  return gpus === undefined ? garbled("amd-smi", outcome.stdout) : { gpus };
}

/** A service's PATH has neither of these folders. */
const folders: Record<Tool, string> = {
  "nvidia-smi": "/usr/lib/wsl/lib",
  "rocm-smi": "/opt/rocm/bin",
  "amd-smi": "/opt/rocm/bin",
};

async function runAnywhere(run: RunTool, tool: Tool, args: readonly string[]): Promise<ToolOutcome> {
  const outcome = await run(tool, args);
  return outcome.kind === "absent" ? run(`${folders[tool]}/${tool}`, args) : outcome;
}

function notRead(tool: Tool, outcome: Exclude<ToolOutcome, { kind: "output" }>): Read {
  switch (outcome.kind) {
    case "absent":
      return { absent: true };
    case "timed_out":
      return { trouble: { tool, why: "timed_out", detail: `no answer within ${outcome.afterMs / 1000} s` } };
    case "failed":
      return { trouble: { tool, why: "failed", detail: outcome.detail } };
    default:
      return outcome satisfies never;
  }
}

function garbled(tool: Tool, stdout: string): Read {
  const start = stdout.trim().split("\n")[0]?.slice(0, 80) ?? "";
  return { trouble: { tool, why: "garbled", detail: `answers what this worker cannot read: ${start}` } };
}

/** As the heartbeat carries them: bounded, whole numbers, 0 for what is not known; of a GPU that shares it, the host's memory. */
export function gpusForHeartbeat(
  gpus: readonly FoundGpu[],
  hostNow: () => { memoryMb: number; freeMb: number },
): Gpu[] {
  return gpus.slice(0, 16).map((gpu) => {
    const host = gpu.memory === "shared" ? hostNow() : undefined;
    const vramMb = host?.memoryMb ?? gpu.vramMb ?? 0;
    const freeMb = host?.freeMb ?? gpu.freeMb ?? 0;
    return {
      name: gpu.name.slice(0, 80),
      vramMb: Math.round(vramMb),
      freeMb: Math.round(Math.min(freeMb, vramMb)),
      ...(gpu.usedPercent === undefined ? {} : { usedPercent: Math.min(100, gpu.usedPercent) }),
    };
  });
}
