import { execFileSync } from "node:child_process";

export interface Process {
  pid: number;
  parent: number;
  /** With the pid it names one process for good: pids are used again. */
  startedAt: string;
  command: string;
}

function allProcesses(): Process[] {
  // Where a process shows no command (a zombie) it has ended.
  const text = execFileSync("ps", ["-A", "-ww", "-o", "pid=,ppid=,stat=,lstart=,args="], { encoding: "utf8" });
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line);
    const [, pid, parent, state, startedAt, command] = match ?? [];
    if (pid === undefined || parent === undefined || startedAt === undefined || state?.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), startedAt, command: command ?? "" }];
  });
}

/** Everything that `pid` started, and what that started. */
export function descendantsOf(pid: number): Process[] {
  const all = allProcesses();
  const found: Process[] = [];
  const parents = [pid];
  for (let parent = parents.shift(); parent !== undefined; parent = parents.shift()) {
    for (const child of all.filter((one) => one.parent === parent)) {
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

/** Those of them that still run. */
export function alive(processes: readonly Process[]): Process[] {
  const now = new Map(allProcesses().map((one) => [one.pid, one.startedAt]));
  return processes.filter(({ pid, startedAt }) => now.get(pid) === startedAt);
}
