import { defaultThresholds } from "@steward/contracts/defaults";
import type { Condition, Health, Metrics } from "@steward/contracts/heartbeat";
import { digestOf, holdsMore, isMore } from "./conditions.ts";
import type { PresenceState, Thresholds } from "./node-state.ts";

const levels = ["healthy", "warning", "critical"] as const;
/** In this order they lie in the hot record, too: its thresholds and levels are lists. */
export const metricNames = ["cpuPercent", "memoryPercent", "diskPercent", "loadAverage1m"] as const;

/** 0 healthy, 1 warning, 2 critical, for each of `metricNames`. */
export type MetricLevels = readonly number[];
const allWell: MetricLevels = metricNames.map(() => 0);

/** One thing for which a node is not healthy: a metric, or a condition that it told (`service:nginx.service`). */
export interface HealthCause {
  part: string;
  level: "warning" | "critical";
}

/**
 * The level of each metric that the last metric sets (newest first) amount to. A worse level must hold for two heartbeats
 * and a better one for three, so that a value at the edge does not flap.
 */
export function judgeMetrics(input: {
  metrics: (Metrics | undefined)[];
  current: MetricLevels;
  thresholds?: Partial<Thresholds>;
}): MetricLevels {
  const [m1, m2, m3] = input.metrics;
  const { current, thresholds = {} } = input;
  // Every heartbeat is judged here: without a list for each metric.
  return metricNames.map((name, at) => {
    const before = current[at] ?? 0;
    if (m1 === undefined || m2 === undefined) return before;
    const bounds = thresholds[name] ?? defaultThresholds[name];
    const last = levelOf(m1[name], bounds);
    const one = levelOf(m2[name], bounds);
    // Two heartbeats to rise, to what both reach; three to fall, to the worst of them.
    const held = Math.min(last, one);
    if (held > before) return held;
    return m3 === undefined ? before : Math.min(before, Math.max(last, one, levelOf(m3[name], bounds)));
  });
}

function levelOf(value: number, [warning, critical]: readonly [number, number]): number {
  return value >= critical ? 2 : value >= warning ? 1 : 0;
}

/** The longer one of what the node keeps and what it was told. */
export function intervalMsOf(presence: Pick<PresenceState, "intervalSeconds" | "directive">): number {
  return Math.max(presence.intervalSeconds, presence.directive.intervalSeconds) * 1000;
}

/** True after twice the interval that the node keeps or was told to keep, whichever is longer, and before its first heartbeat. */
export function isOffline(
  presence: Pick<PresenceState, "sequence" | "lastSeenAtMs" | "intervalSeconds" | "directive">,
  nowMs: number,
): boolean {
  if (presence.sequence === 0) return true;
  return nowMs - presence.lastSeenAtMs > 2 * intervalMsOf(presence);
}

/**
 * What is to be announced about a node, if anything: work is due whenever its level, or what it is so for, is not what was
 * announced. What a node had when it went silent is kept until it is back and says otherwise.
 */
export function transition(presence: PresenceState, nowMs: number): PresenceState["announced"] | undefined {
  const { announced, directive } = presence;
  const before = announced.metrics ?? allWell;
  const epoch = announced.epoch + 1;
  if (isOffline(presence, nowMs)) {
    return announced.level === "offline" ? undefined : { ...announced, level: "offline", epoch };
  }
  const metrics = judgeMetrics({
    metrics: [presence.m1, presence.m2, presence.m3],
    current: before,
    ...(directive.thresholds === undefined ? {} : { thresholds: directive.thresholds }),
  });
  const told = presence.conditions ?? [];
  const conditions = digestOf(told);
  const level = worstOf(metrics, told);
  const same =
    level === announced.level &&
    conditions === (announced.conditions ?? 0) &&
    metrics.every((one, at) => one === before[at]);
  return same ? undefined : { level, epoch, metrics, conditions };
}

/** What a node is not healthy for, as it was announced. Its conditions must be those that were. */
export function causesOf(presence: Pick<PresenceState, "announced" | "conditions">): HealthCause[] {
  const metrics = presence.announced.metrics ?? allWell;
  return [
    ...metricNames.flatMap((part, at): HealthCause[] => {
      const level = levels[metrics[at] ?? 0];
      return level === undefined || level === "healthy" ? [] : [{ part, level }];
    }),
    ...causesOfConditions(presence.conditions ?? []),
  ];
}

const maxCarried = 20;

/**
 * What a node is to be known for: where it has told more than is kept, also what it was known for and is not seen among
 * that. It may be so all the same; nobody is told that it is over.
 */
export function stillCauses(
  known: readonly HealthCause[],
  presence: Pick<PresenceState, "announced" | "conditions">,
): HealthCause[] {
  const causes = causesOf(presence);
  if (!holdsMore(presence.conditions ?? [])) return causes;
  const seen = new Set<string>([...metricNames, ...causes.map(({ part }) => part)]);
  return [...causes, ...known.filter(({ part }) => !seen.has(part)).slice(0, maxCarried)];
}

/** One cause for each kind and subject: of two levels the worse. */
function causesOfConditions(conditions: readonly Condition[]): HealthCause[] {
  const worst = new Map<string, HealthCause["level"]>();
  for (const { kind, subject, level } of conditions.filter((one) => !isMore(one))) {
    const part = subject === undefined ? kind : `${kind}:${subject}`;
    if (worst.get(part) !== "critical") worst.set(part, level);
  }
  return [...worst].map(([part, level]) => ({ part, level }));
}

function worstOf(metrics: MetricLevels, conditions: readonly Condition[]): Health {
  const worst = Math.max(...metrics, ...conditions.map(({ level }) => levels.indexOf(level)));
  return levels[worst] ?? "critical";
}
