import { existsSync } from "node:fs";
import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface SandboxLimits {
  memoryBytes: number;
  processes: number;
  /** Share of one processor: 1 is a whole one. */
  processors: number;
}

/** Enough for Ansible (about 100 MB) beside the services; a runaway harms its own appliance only. */
export const defaultLimits: SandboxLimits = { memoryBytes: 768 * 1024 * 1024, processes: 400, processors: 1 };

const mountPoint = "/sys/fs/cgroup";
const parent = "steward-sandboxes";

/**
 * Makes the control groups of one sandbox and sets its limits, with cgroup v2 or v1, whichever the machine has.
 * Answers the directories that a process joins by writing its id to `cgroup.procs`. A machine without writable
 * cgroups gives none: rlimits (outerScript) are then all that holds.
 */
export async function makeCgroups(name: string, limits: SandboxLimits): Promise<string[]> {
  const period = 100_000;
  const quota = Math.round(period * limits.processors);
  if (existsSync(join(mountPoint, "cgroup.controllers"))) {
    const group = join(mountPoint, parent, name);
    const controllers = "+memory +pids +cpu";
    const made = await attempt(async () => {
      await writeFile(join(mountPoint, "cgroup.subtree_control"), controllers).catch(() => undefined);
      await mkdir(join(mountPoint, parent), { recursive: true });
      await writeFile(join(mountPoint, parent, "cgroup.subtree_control"), controllers);
      await mkdir(group, { recursive: true });
      await writeFile(join(group, "memory.max"), String(limits.memoryBytes));
      await writeFile(join(group, "pids.max"), String(limits.processes));
      await writeFile(join(group, "cpu.max"), `${quota} ${period}`);
    });
    return made ? [group] : [];
  }
  const settings: [controller: string, values: [file: string, value: number][]][] = [
    ["memory", [["memory.limit_in_bytes", limits.memoryBytes]]],
    ["pids", [["pids.max", limits.processes]]],
    [
      "cpu",
      [
        ["cpu.cfs_period_us", period],
        ["cpu.cfs_quota_us", quota],
      ],
    ],
  ];
  const groups: string[] = [];
  for (const [controller, values] of settings) {
    const group = join(mountPoint, controller, parent, name);
    const made = await attempt(async () => {
      if (!existsSync(join(mountPoint, controller, "cgroup.procs"))) throw new Error("not mounted");
      await mkdir(group, { recursive: true });
      for (const [file, value] of values) await writeFile(join(group, file), String(value));
    });
    if (made) groups.push(group);
  }
  return groups;
}

/** Removes the groups of a sandbox that has ended. One that still has processes stays; the next start reuses it. */
export async function removeCgroups(groups: readonly string[]): Promise<void> {
  for (const group of groups) await attempt(() => rmdir(group));
}

/** Ids of the processes in a group. */
export async function processesOf(group: string): Promise<number[]> {
  const text = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(Number);
}

async function attempt(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch {
    return false;
  }
}
