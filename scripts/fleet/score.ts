import { percentile } from "../bench/report.ts";
import { noticedWithinMs } from "./noticed-within.ts";
import type { Scenario, Settings, Silence, Span } from "./scenario.ts";

/** What stands in a node's record from then on, in milliseconds since the start. */
export interface Told {
  node: number;
  level: "healthy" | "warning" | "critical" | "offline";
  atMs: number;
}

/** A node's record, as far as it is a telling. */
export interface Seen {
  level: Told["level"];
  /** Counts announcements. */
  epoch: number;
}

/**
 * Whether a record tells anything that the one before did not: another level, or a death once more. (An overload is
 * announced again where it is of another metric, and that is no telling.)
 */
export function isTelling(before: Seen | undefined, { level, epoch }: Seen): boolean {
  if (before === undefined) return level !== "healthy";
  return level !== before.level || (level === "offline" && epoch !== before.epoch);
}

export interface Score {
  /** Silences that had to be told, and how long after the last sign of life possible they were. */
  deaths: number;
  delaySeconds: { p50: number; p99: number; max: number } | undefined;
  /** Each of them, the shortest first. */
  delays: number[];
  /** Told as offline while it was there and could be heard. */
  falseOffline: number;
  /** Told as offline because nobody could be heard: our own outage. */
  offlineByOwnOutage: number;
  missed: number;
  doubled: number;
  /** Still told as offline at the end, though it is back. */
  stuck: number;
  /** Overloads that had to be told as critical, those that were not, and tellings without one. */
  overloads: number;
  overloadsMissed: number;
  falseCritical: number;
}

/** Holds what was told of a fleet against what happened to it. */
export function score(settings: Settings, scenario: Scenario, told: readonly Told[]): Score {
  const { intervalSeconds, minutes, appliances } = settings;
  const limitMs = noticedWithinMs(intervalSeconds);
  const endMs = minutes * 60_000;
  const ofNode = grouped(told, ({ node }) => node);
  const silencesOf = grouped(scenario.silences, ({ node }) => node);
  const hotOf = grouped(scenario.hot, ({ node }) => node);
  // While nobody is heard, and for as long as it takes to hear of everybody again.
  const ours = scenario.outage && { fromMs: scenario.outage.fromMs, toMs: scenario.outage.toMs + limitMs };
  const delays: number[] = [];
  const result: Score = {
    deaths: 0,
    delaySeconds: undefined,
    delays,
    falseOffline: 0,
    offlineByOwnOutage: 0,
    missed: 0,
    doubled: 0,
    stuck: 0,
    overloads: 0,
    overloadsMissed: 0,
    falseCritical: 0,
  };
  for (let node = 0; node < appliances; node += 1) {
    const tellings = ofNode.get(node) ?? [];
    const silences = silencesOf.get(node) ?? [];
    const offline = tellings.filter(({ level }) => level === "offline");
    for (const silence of silences) {
      // A beat on its way back may cross the sweep's look.
      const during = offline.filter(({ atMs }) => isWithin(atMs, silence.fromMs, silence.toMs + 1_000));
      if (during.length > 1) result.doubled += during.length - 1;
      const mustBeTold = silence.toMs - silence.fromMs >= limitMs && silence.fromMs + limitMs <= endMs;
      if (!mustBeTold) continue;
      result.deaths += 1;
      const first = during[0];
      const hidden = ours !== undefined && overlap(silence, ours);
      if (first === undefined) result.missed += hidden && (ours?.toMs ?? 0) + limitMs > endMs ? 0 : 1;
      else if (!hidden) delays.push((first.atMs - silence.fromMs) / 1_000);
    }
    for (const { atMs } of offline) {
      if (silences.some((one) => isWithin(atMs, one.fromMs, one.toMs + 1_000))) continue;
      if (ours !== undefined && isWithin(atMs, ours.fromMs, ours.toMs)) result.offlineByOwnOutage += 1;
      else result.falseOffline += 1;
    }
    const last = tellings.at(-1);
    const isBack = silences.every(({ toMs }) => toMs + limitMs <= endMs);
    if (last?.level === "offline" && isBack) result.stuck += 1;
    judgeOverloads(result, { tellings, silences, hot: hotOf.get(node) ?? [], intervalSeconds, ours });
  }
  delays.sort((a, b) => a - b);
  if (delays.length > 0) {
    const max = delays.at(-1) ?? 0;
    result.delaySeconds = { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), max };
  }
  return result;
}

/** Two heartbeats in a row make a level; so one that lasts for four intervals must be told, and one of a moment must not. */
function judgeOverloads(
  result: Score,
  node: {
    tellings: readonly Told[];
    silences: readonly Silence[];
    hot: readonly Span[];
    intervalSeconds: number;
    ours: Span | undefined;
  },
): void {
  const { tellings, hot, intervalSeconds } = node;
  const lasting = hot.filter(({ fromMs, toMs }) => toMs - fromMs >= 4 * intervalSeconds * 1_000);
  const critical = tellings.filter(({ level }) => level === "critical");
  for (const span of lasting) {
    const disturbed = node.silences.some((one) => overlap(one, span)) || (node.ours && overlap(node.ours, span));
    if (disturbed) continue;
    result.overloads += 1;
    const during = critical.filter(({ atMs }) => isWithin(atMs, span.fromMs, span.toMs));
    if (during.length === 0) result.overloadsMissed += 1;
    else result.doubled += during.length - 1;
  }
  result.falseCritical += critical.filter(
    ({ atMs }) => !lasting.some(({ fromMs, toMs }) => isWithin(atMs, fromMs, toMs + intervalSeconds * 2_000)),
  ).length;
}

function isWithin(atMs: number, fromMs: number, toMs: number): boolean {
  return atMs >= fromMs && atMs <= toMs;
}

function overlap(a: Span, b: Span): boolean {
  return a.fromMs < b.toMs && b.fromMs < a.toMs;
}

function grouped<T>(list: readonly T[], by: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of list) {
    const group = groups.get(by(item));
    if (group === undefined) groups.set(by(item), [item]);
    else group.push(item);
  }
  return groups;
}
