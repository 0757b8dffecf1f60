import type { Metrics } from "@steward/contracts/heartbeat";
import type { AlertState } from "../src/alert/alert-state.ts";
import { alertIdOf } from "../src/alert/alert-state.ts";
import { alertsOfNode } from "../src/alert/node-alerts.ts";
import { openAlert, reduceAlert } from "../src/alert/reduce-alert.ts";
import { causesOf, isOffline, transition } from "../src/node/health.ts";
import type { NodeState, PresenceState } from "../src/node/node-state.ts";
import { startMs } from "./fixtures.ts";

/*
 * A node for some days, through the pure decisions only: what it sends is lost, doubled and late, and whoever works on it
 * dies at any step. What was told is held against what was so.
 */

const second = 1000;
const minute = 60 * second;
const intervalMs = 5 * minute;
const offlineAfterMs = 2 * intervalMs;
/** A sweep comes every minute, and may die; a message is late, and is worked on again after a death. */
const noticedWithinMs = 10 * minute;

export interface Tally {
  beats: number;
  silences: number;
  rises: number;
  /** Told of a silence while the node was there all the time. */
  falseOffline: number;
  missed: number;
  doubled: number;
  told: number;
}

export interface Chances {
  /** Of one request, or its answer. */
  loss: number;
  /** Of dying at one step. */
  death: number;
  /** Of a message that comes twice. */
  twice: number;
}

/** What a message says was found. */
type Told = Pick<PresenceState["announced"], "level" | "epoch">;

/** Every step may be the last one of whoever takes it. */
class Death extends Error {}
/** One for all: nobody asks where it was. */
const death = new Death("dead");

export function simulateNode(seed: number, days: number, chances: Chances): Tally {
  const random = generator(seed);
  const chance = (probability: number) => random() < probability;
  const die = () => {
    if (chance(chances.death)) throw death;
  };
  const dies = (work: () => void) => {
    try {
      work();
      return false;
    } catch (error) {
      if (error instanceof Death) return true;
      throw error;
    }
  };

  let presence: PresenceState = {
    v: 1,
    nodeId: "apl_1",
    tenantId: "ten_1",
    kind: "appliance",
    sequence: 1,
    lastSeenAtMs: startMs,
    intervalSeconds: intervalMs / second,
    m1: metrics(false),
    certificate: { current: "x", revoked: false },
    directive: { intervalSeconds: intervalMs / second, configRevision: 0, pendingRuns: [] },
    announced: { level: "healthy", epoch: 1 },
  };
  let node: Pick<NodeState, "nodeId" | "health" | "healthEpoch" | "causes"> & { version: number } = {
    nodeId: "apl_1",
    health: "healthy",
    healthEpoch: 1,
    causes: [],
    version: 1,
  };
  const alerts = new Map<string, AlertState>();
  const openedAtMs: Record<string, number[]> = { offline: [], cpuPercent: [] };
  const raisedTold: Record<string, number> = { offline: 0, cpuPercent: 0 };
  const announcedOfflineAtMs: number[] = [];
  let heardMeanwhile = 0;
  let messages: { dueAtMs: number; deaths: number; told: Told }[] = [];

  const send = (nowMs: number, told: Told) => {
    const copies = chance(chances.twice) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      messages.push({ dueAtMs: nowMs + random() * 30 * second, deaths: 0, told });
    }
  };
  /** The condition of the write: nobody has announced since, and the node was not heard since. */
  const announce = (read: PresenceState, due: PresenceState["announced"], nowMs: number) => {
    const holds = presence.announced.epoch === read.announced.epoch && presence.sequence === read.sequence;
    if (!holds) return presence.announced.epoch === due.epoch && presence.announced.level === due.level;
    if (due.level === "offline") {
      announcedOfflineAtMs.push(nowMs);
      // Heard meanwhile.
      if (!isOffline(presence, nowMs)) heardMeanwhile += 1;
    }
    presence = { ...presence, announced: due };
    return true;
  };
  const announceIfDue = (read: PresenceState, nowMs: number, between = () => {}) => {
    const due = transition(read, nowMs);
    if (due === undefined) return;
    die();
    send(nowMs, due);
    die();
    between();
    announce(read, due, nowMs);
  };
  /** As `note-transition` has it. `between`: what else happens between its reads and its writes. */
  const note = (nowMs: number, message: Told, between: () => void) => {
    for (let tries = 0; tries < 12; tries += 1) {
      const readNode = node;
      const read = presence;
      if (tries === 0) between();
      const change = transition(read, nowMs);
      const isDecided = message.level === change?.level && message.epoch === change.epoch;
      const due = change?.level === "offline" && !isDecided ? undefined : change;
      if (due !== undefined) {
        if (!announce(read, due, nowMs)) continue;
        die();
      }
      const announced = due ?? read.announced;
      const causes = causesOf({ ...read, announced });
      const after = new Map<string, AlertState>();
      const told: string[] = [];
      for (const wish of alertsOfNode(readNode, { health: announced.level, causes }, { grouped: false })) {
        const id = alertIdOf("ten_1", wish.subject);
        const known = alerts.get(id);
        const name = wish.subject.kind === "health" ? wish.subject.part : wish.subject.kind;
        if (!("raise" in wish)) {
          if (known === undefined) continue;
          const step = reduceAlert(known, { type: "clear" }, nowMs);
          if (step.state !== known) after.set(id, step.state);
          continue;
        }
        const raise = { type: "raise" as const, severity: wish.raise, noticeId: "ntc_1" };
        const step =
          known === undefined ? openAlert("ten_1", wish.subject, raise, nowMs) : reduceAlert(known, raise, nowMs);
        if (step.state === known) continue;
        after.set(id, step.state);
        if (known === undefined || known.status === "resolved") told.push(`open ${name}`);
        if (step.effects.some(({ event }) => event === "alert.raised")) told.push(`tell ${name}`);
      }
      const changes = announced.level !== node.health || JSON.stringify(causes) !== JSON.stringify(node.causes);
      if (!changes && announced.epoch <= node.healthEpoch && after.size === 0) return;
      die();
      // One transaction, on the node's version.
      if (node.version !== readNode.version) continue;
      const healthEpoch = Math.max(announced.epoch, node.healthEpoch);
      node = { ...node, health: announced.level, healthEpoch, causes, version: node.version + 1 };
      for (const [id, alert] of after) alerts.set(id, alert);
      for (const one of told) {
        const [what, name = ""] = one.split(" ");
        if (what === "open") openedAtMs[name]?.push(nowMs);
        else raisedTold[name] = (raisedTold[name] ?? 0) + 1;
      }
      die();
      return;
    }
    throw new Error("twelve conflicts in a row");
  };

  // What is so: spans in which it is off, and in which it is hot. Many are at the edge of what is to be noticed.
  const endMs = startMs + days * 24 * 60 * minute;
  const off = spans(random, endMs, [0.5, 4, 9, 11, 15, 40, 240], 4);
  const hot = spans(random, endMs, [4, 6, 11, 16, 60], 3);
  const offAt = spanAt(off);
  const hotAt = spanAt(hot);

  const acceptedAtMs = [startMs];
  let run = 0;
  let isHot = false;
  let rises = 0;
  const beat = (nowMs: number) => {
    const warm = hotAt(nowMs) !== undefined;
    const before = presence;
    presence = {
      ...before,
      sequence: before.sequence + 1,
      lastSeenAtMs: nowMs,
      m1: metrics(warm),
      ...(before.m1 === undefined ? {} : { m2: before.m1 }),
      ...(before.m2 === undefined ? {} : { m3: before.m2 }),
    };
    acceptedAtMs.push(nowMs);
    // By hand, apart from the reducer: two to rise, three to fall.
    run = warm === isHot ? 0 : run + 1;
    if (run >= (isHot ? 3 : 2)) {
      isHot = !isHot;
      run = 0;
      if (isHot) rises += 1;
    }
    dies(() => {
      die();
      announceIfDue(presence, nowMs);
    });
  };

  let nextBeatAtMs = startMs + random() * intervalMs;
  const work = (nowMs: number) => {
    // Beats until now; of each the requests and answers may be lost, and the node tries again.
    while (nextBeatAtMs <= nowMs) {
      const dueAtMs = nextBeatAtMs;
      nextBeatAtMs += intervalMs * (0.95 + random() * 0.05);
      let stored = false;
      for (const waitMs of [0, 2 * second, 7 * second, 17 * second]) {
        const atMs = dueAtMs + waitMs;
        const away = offAt(atMs);
        if (away !== undefined) {
          nextBeatAtMs = away[1] + random() * 20 * second;
          break;
        }
        if (chance(chances.loss)) continue;
        // The same sequence once more is a retry, and changes nothing.
        if (!stored) beat(atMs);
        stored = true;
        if (!chance(chances.loss)) break;
      }
    }
  };
  /** Between somebody's read and write the node may be heard. */
  const overtake = (nowMs: number) => {
    if (chance(0.3)) work(nowMs + 45 * second);
  };
  let settled: { presence: PresenceState; silent: boolean } | undefined;
  for (let nowMs = startMs; nowMs < endMs + 60 * minute; nowMs += minute) {
    work(nowMs);
    // What was looked at and is as it was need not be judged again: most minutes are such.
    const silent = isOffline(presence, nowMs);
    if (settled?.presence !== presence || settled.silent !== silent) {
      const read = presence;
      const died = dies(() => announceIfDue(read, nowMs, () => overtake(nowMs)));
      settled = !died && presence === read ? { presence, silent } : undefined;
    }
    if (messages.length === 0) continue;
    const due = messages.filter(({ dueAtMs }) => dueAtMs <= nowMs);
    messages = messages.filter(({ dueAtMs }) => dueAtMs > nowMs);
    for (const message of due.toSorted(() => random() - 0.5)) {
      // A message whose worker has died comes again; more than two deaths in a row are the dead-letter queue's alarm.
      const failed = dies(() => {
        const steps = message.deaths < 2 ? () => die() : () => {};
        steps();
        note(nowMs, message.told, () => {
          overtake(nowMs);
          if (chance(0.2)) note(nowMs, message.told, () => {});
        });
      });
      if (failed) messages.push({ ...message, dueAtMs: nowMs + minute, deaths: message.deaths + 1 });
    }
  }

  const tally: Tally = {
    beats: acceptedAtMs.length,
    silences: 0,
    rises,
    falseOffline: heardMeanwhile,
    missed: 0,
    doubled: 0,
    told: 0,
  };
  for (const atMs of announcedOfflineAtMs) {
    if (!off.some(([from, to]) => to > atMs - offlineAfterMs - minute && from < atMs)) tally.falseOffline += 1;
  }
  const opened = openedAtMs["offline"] ?? [];
  let explained = 0;
  for (let at = 1; at < acceptedAtMs.length; at += 1) {
    const [from = 0, to = 0] = [acceptedAtMs[at - 1], acceptedAtMs[at]];
    if (to - from <= offlineAfterMs) continue;
    tally.silences += 1;
    const during = opened.filter((atMs) => atMs > from && atMs < to + minute).length;
    explained += during;
    if (during > 1) tally.doubled += during - 1;
    if (during === 0 && to - from > offlineAfterMs + noticedWithinMs) tally.missed += 1;
  }
  tally.doubled += opened.length - explained;
  const rose = openedAtMs["cpuPercent"]?.length ?? 0;
  tally.missed += Math.max(0, rises - rose);
  tally.doubled += Math.max(0, rose - rises);
  // Told once for each opening, however often it went and came within ten minutes.
  for (const alert of alerts.values()) {
    const name = alert.part ?? alert.kind;
    tally.told += raisedTold[name] ?? 0;
    tally.doubled += Math.max(0, (raisedTold[name] ?? 0) - alert.openings);
    tally.missed += Math.max(0, alert.openings - (raisedTold[name] ?? 0));
    // An hour after the last thing that happened nothing is open that is not so.
    const isSo = alert.kind === "offline" ? isOffline(presence, endMs + 60 * minute) : isHot;
    if ((alert.status !== "resolved") !== isSo) tally.missed += 1;
  }
  return tally;
}

export function sum(tallies: Iterable<Tally>): Tally {
  const total: Tally = { beats: 0, silences: 0, rises: 0, falseOffline: 0, missed: 0, doubled: 0, told: 0 };
  for (const tally of tallies) for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name];
  return total;
}

type Span = readonly [fromMs: number, toMs: number];

/** So many a day at most, of these lengths in minutes (a little more or less), apart from each other. */
function spans(random: () => number, endMs: number, lengths: readonly number[], perDay: number): Span[] {
  const list: Span[] = [];
  let atMs = startMs;
  for (;;) {
    atMs += (0.2 + random() * 2) * ((24 * 60 * minute) / perDay);
    const length = (lengths[Math.floor(random() * lengths.length)] ?? 1) * (0.8 + random() * 0.4) * minute;
    if (atMs + length > endMs - 120 * minute) return list;
    list.push([atMs, atMs + length]);
    atMs += length;
  }
}

/** The span that a time is in, for times that never go back. */
function spanAt(list: readonly Span[]): (atMs: number) => Span | undefined {
  let next = 0;
  return (atMs) => {
    for (let span = list[next]; span !== undefined && span[1] <= atMs; span = list[next]) next += 1;
    const span = list[next];
    return span !== undefined && span[0] <= atMs ? span : undefined;
  };
}

const [cool, warm]: readonly [Metrics, Metrics] = [reading(10), reading(90)];
function metrics(hot: boolean): Metrics {
  return hot ? warm : cool;
}
function reading(cpuPercent: number): Metrics {
  return { cpuPercent, memoryPercent: 1, diskPercent: 1, loadAverage1m: 0, uptimeSeconds: 1 };
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
