import { defaultThresholds } from "@steward/contracts/defaults";
import type { Condition } from "@steward/contracts/heartbeat";
import type { ToolOutcome } from "@steward/node-client/run-tool";

/** By `df -P -k <path>`: a line with its size, what is used and what is left, in that order. */
export function judgeFileSystem(path: string, df: ToolOutcome): Condition[] {
  if (df.kind === "absent") return [];
  const told = (level: Condition["level"]): Condition[] => [{ kind: "disk", subject: path.slice(0, 100), level }];
  // Somebody wants it watched, and it is not mounted, or does not answer.
  if (df.kind !== "output") return told("critical");
  const [, used, left] = (/\s\d+\s+(\d+)\s+(-?\d+)\s+(?:\d+%|-)\s/.exec(df.stdout) ?? []).map(Number);
  if (used === undefined || left === undefined) return [];
  const [warning, critical] = defaultThresholds.diskPercent;
  const percent = used + left > 0 ? (100 * used) / (used + left) : 0;
  if (percent < warning) return [];
  return told(percent >= critical ? "critical" : "warning");
}
