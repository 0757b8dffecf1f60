import type { NodeHistory } from "@steward/contracts/fleet";
import type { Health } from "@steward/contracts/heartbeat";

export type HistoryMetric = "cpuPercent" | "memoryPercent" | "diskPercent" | "loadAverage1m";

/** A plot's columns. A time in which the machine was silent is a gap, and no line through it. */
export function seriesOf({ points, stepSeconds }: NodeHistory, metric: HistoryMetric) {
  const atMs: number[] = [];
  const values: (number | null)[] = [];
  const gapMs = stepSeconds * 1500;
  let lastMs: number | undefined;
  for (const point of points) {
    const pointMs = Date.parse(point.at);
    if (lastMs !== undefined && pointMs - lastMs > gapMs) {
      atMs.push(lastMs + stepSeconds * 1000);
      values.push(null);
    }
    atMs.push(pointMs);
    values.push(point[metric]);
    lastMs = pointMs;
  }
  return { atMs, values };
}

export interface HealthSpan {
  /** `silent`: no heartbeat came. */
  level: Health | "silent";
  fromMs: number;
  toMs: number;
}

/**
 * How it was, from one moment to another, without a gap: equal steps in one piece. It begins with the first that is known:
 * a machine was not silent before there was any.
 */
export function healthSpans({ points, stepSeconds }: NodeHistory, sinceMs: number, toMs: number): HealthSpan[] {
  const firstMs = points[0] === undefined ? sinceMs : Date.parse(points[0].at);
  const fromMs = Math.min(toMs, Math.max(sinceMs, firstMs));
  const stepMs = stepSeconds * 1000;
  const spans: HealthSpan[] = [];
  const add = (level: HealthSpan["level"], startMs: number, endMs: number) => {
    const [start, end] = [Math.max(fromMs, startMs, spans.at(-1)?.toMs ?? fromMs), Math.min(toMs, endMs)];
    if (end <= start) return;
    const last = spans.at(-1);
    if (last !== undefined && last.toMs < start) spans.push({ level: "silent", fromMs: last.toMs, toMs: start });
    if (last === undefined && start > fromMs) spans.push({ level: "silent", fromMs, toMs: start });
    const before = spans.at(-1);
    if (before?.level === level) before.toMs = end;
    else spans.push({ level, fromMs: start, toMs: end });
  };
  for (const { at, health } of points) {
    const startMs = Date.parse(at);
    add(health, startMs, startMs + stepMs);
  }
  const last = spans.at(-1);
  const rest = { level: "silent" as const, fromMs: last?.toMs ?? fromMs, toMs };
  // The step that is under way has no entry yet: a machine is not silent for that.
  if (rest.toMs - rest.fromMs > stepMs * 2) {
    if (last?.level === "silent") last.toMs = toMs;
    else spans.push(rest);
  } else if (last !== undefined) last.toMs = toMs;
  return spans;
}

/** The share of a time at each level. */
export function sharesOf(spans: readonly HealthSpan[]): Partial<Record<HealthSpan["level"], number>> {
  const totalMs = spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const shares: Partial<Record<HealthSpan["level"], number>> = {};
  for (const { level, fromMs, toMs } of spans) shares[level] = (shares[level] ?? 0) + (toMs - fromMs) / totalMs;
  return shares;
}
