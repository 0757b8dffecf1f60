import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ApplianceConfig } from "@steward/contracts/appliance-config";
import type { Condition } from "@steward/contracts/heartbeat";
import type { Clock } from "@steward/node-client/clock";
import { createRunTool, type RunTool, type ToolOutcome } from "@steward/node-client/run-tool";
import { readIfThere, replaceFile } from "@steward/node-client/state-files";
import { judgeCertificate } from "./judge-certificate.ts";
import { judgeFileSystem } from "./judge-file-system.ts";
import { readDrive, readScan } from "./read-drives.ts";
import { readPlainFile } from "./read-plain-file.ts";
import { judgeSensors, readSensors } from "./read-sensors.ts";
import { judgeWatched, namesOf, readFailed, readUnits } from "./read-units.ts";
import { securityUpdates } from "./read-updates.ts";
import { z } from "zod";

export interface MachineOptions {
  stateDir: string;
  config: () => ApplianceConfig;
  clock: Clock;
  /** The server's; what takes days is counted by it. */
  nowMs: () => number | undefined;
  newTool?: () => RunTool;
  /** `/`, or a folder in its place. */
  root?: string;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** What waits for somebody's next evening is nobody's alert. */
const updatesMayWaitMs = 7 * dayMs;

/** Of each part: how often it is looked at. A drive is not woken for it, and a package list does not change by itself. */
const everyMs = {
  sensors: 0,
  units: 0,
  fileSystems: 0,
  certificates: 10 * minuteMs,
  drives: 30 * minuteMs,
  updates: 6 * 60 * minuteMs,
};
type Part = keyof typeof everyMs;

const sinceSchema = z.number().optional().catch(undefined);
const waitingSchema = z.object({ updates: sinceSchema, reboot: sinceSchema });

/**
 * A function that says what is wrong with this machine. Never throws and never waits long: what takes its time is looked
 * at beside it, and told when it is known; what cannot be read (no systemd, no smartctl, no rights) is not told at all.
 */
export function watchMachine(options: MachineOptions): () => Promise<Condition[]> {
  const { clock, config } = options;
  const root = options.root ?? "/";
  const newTool = options.newTool ?? (() => createRunTool(20_000));
  const runTool = newTool();
  const known: Record<Part, Condition[]> = {
    sensors: [],
    units: [],
    fileSystems: [],
    certificates: [],
    drives: [],
    updates: [],
  };
  // Not all at once with everything else that a machine does when it starts.
  const startedAtMs = clock.monotonicMs();
  const lookedAtMs: Partial<Record<Part, number>> = {
    drives: startedAtMs - everyMs.drives + minuteMs,
    updates: startedAtMs - everyMs.updates + 5 * minuteMs,
  };
  const looking = new Map<Part, Promise<void>>();
  const drives = new Map<string, Condition[]>();
  // One for each file system and each drive: the one whose server is gone, or whose controller hangs, and whose tool no
  // signal ends, hides no other.
  const dfs = new Map<string, RunTool>();
  const smartctls = new Map<string, RunTool>();

  const parts: Record<Part, () => Promise<Condition[]>> = {
    sensors: async () => judgeSensors(await readSensors(root), config().watch?.temperature),
    async units() {
      const { services = [], ignoreServices = [] } = config().watch ?? {};
      return lookAtUnits(services, ignoreServices);
    },
    async fileSystems() {
      const looks = (config().watch?.filesystems ?? []).map(async (path) => {
        const df = dfs.get(path) ?? newTool();
        dfs.set(path, df);
        // By a process of its own: a server that is gone holds whoever asks the kernel, for as long as it is gone.
        return judgeFileSystem(path, await df("df", ["-P", "-k", "--", join(root, path)]));
      });
      return (await Promise.all(looks)).flat();
    },
    async certificates() {
      const nowMs = options.nowMs();
      if (nowMs === undefined) return known.certificates;
      const hosts = join(root, "etc/ssl/steward/hosts");
      const own = (await readdir(hosts).catch(() => [])).map((name) => `/etc/ssl/steward/hosts/${name}/cert.pem`);
      const paths = [...new Set([...own, ...(config().watch?.certificates ?? [])])];
      const judged: Condition[] = [];
      // One after the other: those on a server that is gone hold one of the few threads that read files, not all.
      for (const path of paths) {
        const pem = await readPlainFile(join(root, path)).catch(() => undefined);
        if (pem !== undefined || !own.includes(path)) judged.push(...judgeCertificate(path, pem, nowMs));
      }
      return judged;
    },
    async drives() {
      if (config().watch?.drives === false) return [];
      const scan = answered(await runTool("smartctl", ["--scan", "--json"]));
      if (scan === undefined) return [];
      const found = readScan(scan).slice(0, 64);
      const keyOf = ({ name, type }: (typeof found)[number]) => `${name} ${type}`;
      for (const one of found) {
        const { name, type } = one;
        const smartctl = smartctls.get(keyOf(one)) ?? newTool();
        smartctls.set(keyOf(one), smartctl);
        const device = type === undefined ? [] : ["--device", type];
        const wanted = ["--json", "--health", "--attributes", "--nocheck=standby"];
        const told = await smartctl("smartctl", [...wanted, ...device, name]);
        // Its exit status tells of the drive, so that most answers are "failures" to whoever started it.
        const said = told.kind === "output" || told.kind === "failed" ? told.stdout : undefined;
        const drive = said === undefined ? undefined : readDrive(said);
        // One that sleeps, or does not answer, is as it was.
        if (drive === undefined) continue;
        const { level } = drive;
        drives.set(keyOf(one), level === "ok" ? [] : [{ kind: "drive", subject: drive.drive.slice(0, 100), level }]);
      }
      const there = new Set(found.map(keyOf));
      for (const key of drives.keys()) if (!there.has(key)) drives.delete(key);
      return [...drives.values()].flat();
    },
    async updates() {
      if (config().watch?.updates === false) return [];
      const simulated = await runTool("apt-get", ["--simulate", "--quiet=2", "upgrade"]);
      // One that fails (another one has the lock, the disk is full) says nothing about what waits.
      const updates = simulated.kind === "output" ? securityUpdates(simulated.stdout) > 0 : undefined;
      const reboot = await isThere(join(root, "run/reboot-required"));
      const since = await waitingSince({ updates, reboot });
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
    const failed = answered(await runTool("systemctl", ["list-units", "--failed", "--full", ...plain]));
    const told = (but: readonly string[]) => (failed === undefined ? [] : readFailed(failed, but));
    const named = [...new Set([...wanted, ...ignored])];
    if (named.length === 0) return told([]);
    const shown = await runTool("systemctl", ["show", "--property=Id,Names,ActiveState", "--no-pager", "--", ...named]);
    // One name that is none fails all of them, each time: what is watched and failed is told as that, at least.
    const text = shown.kind === "failed" ? undefined : answered(shown);
    if (text === undefined) return told(ignored);
    const units = readUnits(text);
    return [...judgeWatched(units, wanted), ...told(namesOf(units, named))];
  }

  /** Since when, by the server's clock, it is so; kept over restarts. `undefined`: nobody knows, so it is as it was. */
  async function waitingSince(now: Record<Waiting, boolean | undefined>): Promise<Partial<Record<Waiting, number>>> {
    const path = join(options.stateDir, "waiting.json");
    const text = await readIfThere(path);
    const before = readWaiting(text);
    const nowMs = options.nowMs();
    const after: typeof before = {};
    for (const name of ["updates", "reboot"] as const) {
      if (now[name] === undefined && before[name] !== undefined) after[name] = before[name];
      const since = before[name] ?? nowMs;
      if (now[name] && since !== undefined) after[name] = since;
    }
    const next = JSON.stringify(after);
    if (next !== (text ?? "{}")) await replaceFile(path, next);
    return after;
  }

  async function lookAt(part: Part): Promise<void> {
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
      const look = lookAt(part).finally(() => looking.delete(part));
      looking.set(part, look);
    }
    // The heartbeat goes out with what is known by then.
    const quick = (["sensors", "units", "fileSystems"] as const).flatMap((part) => looking.get(part) ?? []);
    if (quick.length > 0) {
      const late = new AbortController();
      await Promise.race([Promise.all(quick), clock.sleep(2_000, late.signal)]);
      late.abort();
    }
    return Object.values(known).flat();
  };
}

/** What a tool says; undefined where it is not installed. Throws where it gave no answer: nothing was learnt then. */
function answered(outcome: ToolOutcome): string | undefined {
  if (outcome.kind === "output") return outcome.stdout;
  if (outcome.kind === "absent") return undefined;
  throw new Error(outcome.kind);
}

type Waiting = "updates" | "reboot";

/** A damaged file costs a week at most, and nobody's look. */
function readWaiting(text: string | undefined): Partial<Record<Waiting, number>> {
  try {
    return waitingSchema.parse(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
