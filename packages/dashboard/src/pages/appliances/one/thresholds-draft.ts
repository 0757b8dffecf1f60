import type { FieldProblem } from "@steward/contracts/errors";
import { thresholdsSchema, type ThresholdsGiven } from "@steward/contracts/thresholds";

export const thresholdMetrics = ["cpuPercent", "memoryPercent", "diskPercent", "loadAverage1m"] as const;
export type ThresholdMetric = (typeof thresholdMetrics)[number];
export const thresholdNames: Record<ThresholdMetric, string> = {
  cpuPercent: "CPU",
  memoryPercent: "Memory",
  diskPercent: "Disk",
  loadAverage1m: "Load (1 min)",
};

/** Both empty: as the tenant has it. */
export type ThresholdsDraft = Record<ThresholdMetric, { warning: string; critical: string }>;

export function draftOf(given: ThresholdsGiven): ThresholdsDraft {
  const pair = (metric: ThresholdMetric) => {
    const [warning, critical] = given[metric] ?? [];
    return {
      warning: warning === undefined ? "" : String(warning),
      critical: critical === undefined ? "" : String(critical),
    };
  };
  return {
    cpuPercent: pair("cpuPercent"),
    memoryPercent: pair("memoryPercent"),
    diskPercent: pair("diskPercent"),
    loadAverage1m: pair("loadAverage1m"),
  };
}

export function thresholdsOf(
  draft: ThresholdsDraft,
): { thresholds: ThresholdsGiven; problems: [] } | { thresholds: undefined; problems: FieldProblem[] } {
  const said: Record<string, unknown> = {};
  for (const metric of thresholdMetrics) {
    const [warning, critical] = [draft[metric].warning.trim(), draft[metric].critical.trim()];
    if (warning === "" && critical === "") continue;
    if (warning === "" || critical === "") {
      return { thresholds: undefined, problems: [{ path: metric, message: "needs both, or neither" }] };
    }
    said[metric] = [Number(warning.replace(",", ".")), Number(critical.replace(",", "."))];
  }
  const parsed = thresholdsSchema.safeParse(said);
  if (parsed.success) return { thresholds: parsed.data, problems: [] };
  return {
    thresholds: undefined,
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message })),
  };
}
