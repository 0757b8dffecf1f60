import { statfs } from "node:fs/promises";
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import { readFile } from "node:fs/promises";
import type { Metrics } from "@steward/contracts/heartbeat";

/**
 * A function that measures this machine. CPU is the share that was busy since the call before (the first call: since
 * boot). `disk` is the folder whose file system is measured.
 */
export function metricsOf(disk: string): () => Promise<Metrics> {
  let before = { busy: 0, total: 0 };
  return async () => {
    const now = cpuTimes();
    const total = now.total - before.total;
    const cpuPercent = total > 0 ? clamp((100 * (now.busy - before.busy)) / total) : 0;
    before = now;
    const { blocks, bfree, bavail } = await statfs(disk);
    const used = blocks - bfree;
    return {
      cpuPercent,
      memoryPercent: clamp(100 * (1 - (await availableMemory()) / totalmem())),
      // As `df` counts: of what an ordinary user may fill.
      diskPercent: used + bavail > 0 ? clamp((100 * used) / (used + bavail)) : 0,
      loadAverage1m: loadavg()[0] ?? 0,
      uptimeSeconds: uptime(),
    };
  };
}

function cpuTimes(): { busy: number; total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}

/** Linux counts caches as available; `freemem` alone would call a healthy machine full. */
async function availableMemory(): Promise<number> {
  try {
    const match = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile("/proc/meminfo", "utf8"));
    if (match?.[1] !== undefined) return Number(match[1]) * 1024;
  } catch {
    // Not Linux: what the system calls free is the best there is.
  }
  return freemem();
}

function clamp(percent: number): number {
  return Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10;
}
