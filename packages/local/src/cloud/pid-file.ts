import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot at its start; empty where the system does not tell. */
  startedAt: string;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedAt: startTimeOf(pid) ?? "" };
}

export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const startedAt = startTimeOf(identity.pid);
  return startedAt === undefined || identity.startedAt === "" || startedAt === identity.startedAt;
}

export function writePidFile(file: string, pid: number, options: { exclusive?: boolean } = {}): void {
  writeFileSync(file, JSON.stringify(identify(pid)), { mode: 0o600, flag: options.exclusive === true ? "wx" : "w" });
}

export function readPidFile(file: string): ProcessIdentity | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (
      typeof content === "object" &&
      content !== null &&
      "pid" in content &&
      typeof content.pid === "number" &&
      "startedAt" in content &&
      typeof content.startedAt === "string"
    )
      return { pid: content.pid, startedAt: content.startedAt };
  } catch {
    // Absent, or torn by a crash: either way nobody can be found by it.
  }
  return undefined;
}

export function removePidFile(file: string): void {
  rmSync(file, { force: true });
}

/** Ends that process, if it still runs, and waits until it has. */
export async function killIfAlive(identity: ProcessIdentity): Promise<void> {
  // Without a start time the number may be somebody else's by now.
  if (identity.startedAt === "" || !isAlive(identity)) return;
  try {
    process.kill(identity.pid, "SIGKILL");
  } catch {
    return;
  }
  const deadlineMs = Date.now() + 5_000;
  while (isAlive(identity) && Date.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 5));
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === "Z" ? "ended" : fields[19];
  } catch {
    return undefined;
  }
}
