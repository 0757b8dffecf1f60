/*
 * When many nodes fall silent at once, it is one thing that happened, and not as many: a site's line, or our own ingest.
 * One alert is opened (`fleet-silent`), and nobody is told of each node. Time is the sweep's; nothing here reads a clock.
 */

/** Why many are silent: something of theirs, or that nobody's heartbeats reach us. */
export type SilenceCause = "fleet" | "ingest";

/**
 * suspected ─▶ open ─▶ ended. `suspected`: many have missed a beat and the first are over their time; single nodes are
 * held, and nobody is told anything yet. `ended`: whoever is still silent is told of by itself again.
 */
export interface Silence {
  phase: "suspected" | "open" | "ended";
  cause: SilenceCause;
  sinceMs: number;
  /** Single nodes are not announced before; and who was heard after it fell silent by itself (`isOfSilence`). */
  holdUntilMs: number;
  /** How many were silent at the most, and of how many. */
  nodes: number;
  of: number;
  /** Of the tenant's nodes those that were offline before, and still are. */
  offlineBefore: number;
}

export interface StandingCounts {
  fresh: number;
  late: number;
  silent: number;
  offline: number;
}

/** What the sweep does about the tenant's silent nodes: announce each, none yet, or all under the one alert. */
export type Announce = "each" | "hold" | "grouped";

export interface SilenceVerdict {
  announce: Announce;
  silence: Silence | undefined;
}

/** A silence is a fleet's from so many nodes on, and more than this part of them. */
export const leastNodes = 5;
export const mostPart = 0.1;
const isMass = (nodes: number, of: number) => nodes >= leastNodes && nodes > mostPart * of;

/** Whether a silent node is one of the many. Else one silence that lasts would hide every later one. */
export function isOfSilence(silence: Silence | undefined, lastSeenAtMs: number): boolean {
  return silence?.phase === "open" && lastSeenAtMs <= silence.holdUntilMs;
}

/**
 * `counts`: of all nodes that were read; while a silence is open, who fell silent by itself counts as `fresh`. `isWhole`:
 * every node was read. Of a part a silence may begin, but it ends only where it would, were all that was not read gone.
 * `ingest`: whether anybody's heartbeats arrive (`judgeIngest`); `told here` where this tenant is the one that is told
 * that they do not. `holdMs`: one interval of the silent nodes.
 */
export function judgeSilence(input: {
  before: Silence | undefined;
  counts: StandingCounts;
  ingest: "works" | "down" | "down, told here";
  holdMs: number;
  nowMs: number;
  isWhole?: boolean;
}): SilenceVerdict {
  const { counts, ingest, holdMs, nowMs, isWhole = true } = input;
  const before = input.before?.phase === "ended" ? undefined : input.before;
  if (ingest === "down") return { announce: "hold", silence: before };

  const offlineNow = isWhole ? counts.offline : Number.POSITIVE_INFINITY;
  const offlineBefore = before?.phase === "open" ? Math.min(before.offlineBefore, offlineNow) : counts.offline;
  const gone = Math.max(0, counts.silent + counts.offline - offlineBefore);
  const of = counts.fresh + counts.late + gone;
  const grown = (silence: Silence): Silence => ({
    ...silence,
    nodes: Math.max(silence.nodes, gone),
    of: Math.max(silence.of, of),
    offlineBefore,
  });
  const begin = (phase: "suspected" | "open", cause: SilenceCause): Silence => ({
    phase,
    cause,
    sinceMs: before?.sinceMs ?? nowMs,
    holdUntilMs: nowMs + holdMs,
    nodes: gone,
    of,
    offlineBefore,
  });

  if (ingest === "down, told here") {
    const open = before?.phase === "open" ? before : begin("open", "ingest");
    // Nothing is known of any node for as long as it lasts, and for one interval more.
    return { announce: "hold", silence: grown({ ...open, cause: "ingest", holdUntilMs: nowMs + holdMs }) };
  }
  if (before?.phase === "open") {
    const read = counts.fresh + counts.late + counts.silent + counts.offline;
    // Of our own outage everybody's nodes are counted, and its end is not found here.
    const isCounted = isWhole || before.cause === "ingest";
    const unread = isCounted ? 0 : Math.max(0, before.of + before.offlineBefore - read);
    if (!isMass(gone + unread, of + unread)) return { announce: "each", silence: { ...grown(before), phase: "ended" } };
    return { announce: nowMs < before.holdUntilMs ? "hold" : "grouped", silence: grown(before) };
  }
  if (isMass(gone, of)) return { announce: "hold", silence: begin("open", "fleet") };
  // The first of many are over their time up to an interval before the others: they wait for them.
  if (counts.silent > 0 && isMass(counts.silent + counts.late, of)) {
    const suspected = before ?? begin("suspected", "fleet");
    return nowMs < suspected.holdUntilMs
      ? { announce: "hold", silence: suspected }
      : { announce: "each", silence: suspected };
  }
  // The others may be among those that were not read.
  if (!isWhole && before !== undefined && nowMs < before.holdUntilMs) return { announce: "hold", silence: before };
  return { announce: "each", silence: undefined };
}

/** What the sweep knows of ingest from the nodes that should be in touch. */
export interface IngestState {
  /** Absent: it works. */
  downSinceMs?: number;
  /** It is down, and since then so many are in touch nonetheless that it may be the others' own line. */
  enoughSinceMs?: number;
  /** Since when it works again. Nodes' silence counts from here at the soonest. */
  heardAgainAtMs?: number;
}

export interface Hearing {
  /** Nodes that were not announced offline. */
  nodes: number;
  /** Heartbeats a second that they should send, and those of nodes that have missed one. */
  rate: number;
  missedRate: number;
  /** Nodes that are in touch and were heard since ingest was down. */
  heard: number;
  /** How long ago anybody was heard. */
  quietSeconds: number;
}

/** So long nobody at all is heard, although so many heartbeats should have come in, and most of those due are missed. */
const quietSeconds = 30;
const missingBeats = 5;

/**
 * Ingest is down when nobody at all is heard any more and most heartbeats are overdue. It works again when most are not:
 * a straggler that got through proves nothing. Or when more than stragglers are in touch for two intervals: then it is the
 * line of those that are not (one carrier's), and they are judged as any fleet.
 */
export function judgeIngest(before: IngestState, hearing: Hearing, nowMs: number): IngestState {
  const mostAreMissed = hearing.missedRate > hearing.rate / 2;
  if (before.downSinceMs !== undefined) {
    if (!mostAreMissed) return { heardAgainAtMs: nowMs };
    const { enoughSinceMs, ...down } = before;
    if (hearing.heard < Math.max(leastNodes, mostPart * hearing.nodes))
      return enoughSinceMs === undefined ? before : down;
    if (enoughSinceMs === undefined) return { ...before, enoughSinceMs: nowMs };
    const twoIntervalsMs = (2 * 1000 * hearing.nodes) / hearing.rate;
    return nowMs - enoughSinceMs < twoIntervalsMs ? before : { heardAgainAtMs: nowMs };
  }
  const isDown =
    hearing.nodes >= leastNodes &&
    hearing.quietSeconds >= quietSeconds &&
    hearing.quietSeconds * hearing.rate >= missingBeats &&
    mostAreMissed;
  return isDown ? { downSinceMs: nowMs } : before;
}
