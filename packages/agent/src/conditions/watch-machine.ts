import { access, readdir, readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { ApplianceConfig } from "@steward/contracts/appliance-config";
import { defaultThresholds } from "@steward/contracts/defaults";
import type { Condition } from "@steward/contracts/heartbeat";
import type { Clock } from "@steward/node-client/clock";
import { createRunTool, type RunTool } from "@steward/node-client/run-tool";
import { readIfThere, replaceFile } from "@steward/node-client/state-files";
import { judgeCertificate } from "./judge-certificate.ts";
import { readDrive, readScan } from "./read-drives.ts";
import { judgeSensors, readSensors } from "./read-sensors.ts";
import { readFailed, readWatched } from "./read-units.ts";
import { securityUpdates } from "./read-updates.ts";

export interface MachineOptions {
  stateDir: string;
  config: () => ApplianceConfig;
  clock: Clock;
  /** The server's; what takes days is counted by it. */
  nowMs: () => number | undefined;
  runTool?: RunTool;
  /** `/`, or a folder in its place. */
  root?: string;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** What waits for somebody's next evening is nobody's alert. */
const updatesMayWaitMs = 7 * dayMs;

/** Of each part: how often it is looked at. A drive is not woken for it, and a package list does not change by itself. */
const everyMs = { quick: 0, certificates: 10 * minuteMs, drives: 30 * minuteMs, updates: 6 * 60 * minuteMs };
type Part = keyof typeof everyMs;

/**
 * A function that says what is wrong with this machine. Never throws and never waits long: what takes its time is looked
 * at beside it, and told when it is known; what cannot be read (no systemd, no smartctl, no rights) is not told at all.
 */
export function watchMachine(options: MachineOptions): () => Promise<Condition[]> {
  const { clock, config } = options;
  const root = options.root ?? "/";
  const runTool = options.runTool ?? createRunTool(20_000);
  const known: Record<Part, Condition[]> = { quick: [], certificates: [], drives: [], updates: [] };
  // Not all at once with everything else that a machine does when it starts.
  const startedAtMs = clock.monotonicMs();
  const lookedAtMs: Partial<Record<Part, number>> = {
    drives: startedAtMs - everyMs.drives + minuteMs,
    updates: startedAtMs - everyMs.updates + 5 * minuteMs,
  };
  const looking = new Map<Part, Promise<void>>();
  const drives = new Map<string, Condition[]>();

  const parts: Record<Part, () => Promise<Condition[]>> = {
    async quick() {
      const { watch = {} } = config();
      const [sensors, units, full] = await Promise.all([
        readSensors(root),
        lookAtUnits(watch.services ?? [], watch.ignoreServices ?? []),
        Promise.all((watch.filesystems ?? []).map((path) => lookAtFileSystem(join(root, path), path))),
      ]);
      return [...judgeSensors(sensors, watch.temperature), ...units, ...full.flat()];
    },
    async certificates() {
      const nowMs = options.nowMs();
      if (nowMs === undefined) return known.certificates;
      const hosts = join(root, "etc/ssl/steward/hosts");
      const own = (await readdir(hosts).catch(() => [])).map((name) => `/etc/ssl/steward/hosts/${name}/cert.pem`);
      const paths = [...new Set([...own, ...(config().watch?.certificates ?? [])])];
      const judged = paths.map(async (path) => {
        const pem = await readFile(join(root, path), "utf8").catch(() => undefined);
        return pem === undefined && own.includes(path) ? [] : judgeCertificate(path, pem, nowMs);
      });
      return (await Promise.all(judged)).flat();
    },
    async drives() {
      if (config().watch?.drives === false) return [];
      const scan = await runTool("smartctl", ["--scan", "--json"]);
      if (scan.kind !== "output") return [];
      const found = readScan(scan.stdout).slice(0, 64);
      for (const { name, type } of found) {
        // Its exit status tells of the drive, so that most answers are "failures" to whoever started it.
        const told = await runTool("sh", [
          "-c",
          'smartctl --json --health --attributes --nocheck=standby "$@"; exit 0',
          "smartctl",
          ...(type === undefined ? [] : ["--device", type]),
          name,
        ]);
        const drive = told.kind === "output" ? readDrive(told.stdout) : undefined;
        // One that sleeps is as it was.
        if (drive === undefined) continue;
        const { level } = drive;
        drives.set(name, level === "ok" ? [] : [{ kind: "drive", subject: drive.drive.slice(0, 100), level }]);
      }
      for (const name of drives.keys()) if (!found.some((one) => one.name === name)) drives.delete(name);
      return [...drives.values()].flat();
    },
    async updates() {
      if (config().watch?.updates === false) return [];
      const simulated = await runTool("apt-get", ["--simulate", "--quiet=2", "upgrade"]);
      const waiting = simulated.kind === "output" ? securityUpdates(simulated.stdout) : 0;
      const reboot = await isThere(join(root, "run/reboot-required"));
      const since = await waitingSince({ updates: waiting > 0, reboot });
      const nowMs = options.nowMs();
      const isLong = (sinceMs: number | undefined) =>
        sinceMs !== undefined && nowMs !== undefined && nowMs - sinceMs >= updatesMayWaitMs;
      return [
        ...(isLong(since.updates) ? [{ kind: "updates", level: "warning" } as const] : []),
        ...(isLong(since.reboot) ? [{ kind: "reboot", level: "warning" } as const] : []),
      ];
    },
  };

  async function lookAtUnits(wanted: readonly string[], ignored: readonly string[]): Promise<Condition[]> {
    if (!(await isThere(join(root, "run/systemd/system")))) return [];
    const plain = ["--plain", "--no-legend", "--no-pager"];
    const failed = await runTool("systemctl", ["list-units", "--failed", "--full", ...plain]);
    const told = failed.kind === "output" ? readFailed(failed.stdout, [...ignored, ...wanted]) : [];
    if (wanted.length === 0) return told;
    const shown = await runTool("systemctl", ["show", "--property=Id,ActiveState", "--no-pager", "--", ...wanted]);
    return shown.kind === "output" ? [...readWatched(shown.stdout, wanted), ...told] : told;
  }

  /** Since when, by the server's clock, it is so; kept over restarts. */
  async function waitingSince(
    now: Record<"updates" | "reboot", boolean>,
  ): Promise<Partial<Record<"updates" | "reboot", number>>> {
    const path = join(options.stateDir, "waiting.json");
    const text = await readIfThere(path);
    const before = (text === undefined ? {} : JSON.parse(text)) as Partial<Record<"updates" | "reboot", number>>;
    const nowMs = options.nowMs();
    const after: typeof before = {};
    for (const name of ["updates", "reboot"] as const) {
      const since = before[name] ?? nowMs;
      if (now[name] && since !== undefined) after[name] = since;
    }
    const next = JSON.stringify(after);
    if (next !== (text ?? "{}")) await replaceFile(path, next);
    return after;
  }

  async function look(part: Part): Promise<void> {
    lookedAtMs[part] = clock.monotonicMs();
    try {
      known[part] = await parts[part]();
    } catch {
      // A look that fails changes nothing that is known; the next one is on its way.
    }
  }

  return async () => {
    for (const part of Object.keys(everyMs) as Part[]) {
      const isDue = clock.monotonicMs() - (lookedAtMs[part] ?? Number.NEGATIVE_INFINITY) >= everyMs[part];
      if (!isDue || looking.has(part)) continue;
      const look_ = look(part).finally(() => looking.delete(part));
      looking.set(part, look_);
    }
    // The heartbeat goes out with what is known by then.
    const quick = looking.get("quick");
    if (quick !== undefined) {
      const late = new AbortController();
      await Promise.race([quick, clock.sleep(2_000, late.signal)]);
      late.abort();
    }
    return Object.values(known).flat();
  };
}

async function lookAtFileSystem(at: string, path: string): Promise<Condition[]> {
  const [warning, critical] = defaultThresholds.diskPercent;
  try {
    const { blocks, bfree, bavail } = await statfs(at);
    const used = blocks - bfree;
    const percent = used + bavail > 0 ? (100 * used) / (used + bavail) : 0;
    if (percent < warning) return [];
    return [{ kind: "disk", subject: path.slice(0, 100), level: percent >= critical ? "critical" : "warning" }];
  } catch {
    // Somebody wants it watched, and it is not mounted.
    return [{ kind: "disk", subject: path.slice(0, 100), level: "critical" }];
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
