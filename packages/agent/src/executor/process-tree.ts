import { readdir, readFile } from "node:fs/promises";

export interface ProcessStat {
  pid: number;
  parent: number;
  /** Clock ticks since boot at its start: tells a process from a later one with the same id. */
  startTicks: string;
  zombie: boolean;
}

/** Undefined when there is no such process. */
export async function readStat(pid: number): Promise<ProcessStat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The name is in brackets and may hold anything, brackets too.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid, parent: Number(fields[1]), startTicks: fields[19] ?? "", zombie: fields[0] === "Z" };
}

/** The process and all its descendants, ancestors first. Process groups do not help: Ansible's workers leave theirs. */
export async function treeOf(root: number): Promise<ProcessStat[]> {
  const all: ProcessStat[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readStat(Number(entry));
    if (stat !== undefined) all.push(stat);
  }
  const tree = all.filter((stat) => stat.pid === root);
  for (let index = 0; index < tree.length; index++) {
    const parent = tree[index]?.pid;
    tree.push(...all.filter((stat) => stat.parent === parent));
  }
  return tree;
}

/**
 * Kills a process and its descendants. All are stopped first: one that runs on could fork while we look, and children
 * of a dead parent would be nobody's. Daemons that had left the tree by then are services, and stay.
 */
export async function killTree(root: number): Promise<void> {
  const stopped = new Map<number, ProcessStat>();
  for (;;) {
    const fresh = (await treeOf(root)).filter((stat) => !stopped.has(stat.pid) && !stat.zombie);
    if (fresh.length === 0) break;
    for (const stat of fresh) {
      stopped.set(stat.pid, stat);
      signal(stat.pid, "SIGSTOP");
    }
  }
  for (const stat of stopped.values()) {
    if ((await readStat(stat.pid))?.startTicks === stat.startTicks) signal(stat.pid, "SIGKILL");
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}
