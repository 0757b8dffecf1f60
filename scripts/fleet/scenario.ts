import { type Chance, chanceOf } from "../../packages/core/test/simulation/scheduler.ts";
import { noticedWithinMs } from "./noticed-within.ts";

export interface Settings {
  appliances: number;
  tenants: number;
  minutes: number;
  seed: number;
  intervalSeconds: number;
  /** Of heartbeats and their answers. */
  lossShare: number;
  /** Minutes for which our own door answers nobody, from the middle of the hour on; 0 for none. */
  outageMinutes: number;
}

/** From when to when, in milliseconds since the start. What has no end lasts. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** Why an appliance is silent: without power (its agent starts anew), or without a network (its agent goes on trying). */
export interface Silence extends Span {
  node: number;
  cause: "power" | "network" | "site";
}

/** What happens to the fleet, known beforehand, so that what was told of it can be held against it. */
export interface Scenario {
  /** Longer than any heartbeat may fail to come, or shorter than it takes to be noticed: see `score.ts`. */
  silences: Silence[];
  /** CPU at 97 %. */
  hot: (Span & { node: number })[];
  /** The appliance's own clock is set by so much. */
  jumps: { node: number; atMs: number; byMs: number }[];
  outage: Span | undefined;
}

const minute = 60_000;

/**
 * Of a fleet's appliances some lose their power or their network for minutes, some again and again for seconds; a site of
 * some goes as a whole and comes back in one moment; a third has a clock that is wrong by an hour, or is set by one; some
 * are overloaded, for minutes (which is told) or for one heartbeat (which is not). And our own ingest is down for a while.
 */
export function makeScenario(settings: Settings): Scenario {
  const { appliances, minutes, outageMinutes, seed } = settings;
  const chance = chanceOf(seed);
  const endMs = minutes * minute;
  const outageFromMs = Math.floor(minutes / 2) * minute;
  const outage =
    outageMinutes === 0 ? undefined : { fromMs: outageFromMs, toMs: outageFromMs + outageMinutes * minute };
  const scenario: Scenario = { silences: [], hot: [], jumps: [], outage };
  // Enough to be told, enough to be called off again, and nothing of it while nobody can be heard.
  const noticeMs = noticedWithinMs(settings.intervalSeconds);
  const quietMs = 5 * settings.intervalSeconds * 1_000;
  const windows = windowsOf({ outage, endMs, firstMs: 3 * minute, noticeMs, quietMs });
  const inSite = Math.floor(appliances / 40);
  const site = chance.between(0, Math.max(0, appliances - inSite));
  const first = windows[0];
  if (first !== undefined && inSite > 0) {
    const fromMs = first.fromMs + chance.between(0, minute);
    const toMs = Math.min(first.toMs, fromMs + noticeMs + 5 * minute);
    for (let node = site; node < site + inSite; node += 1) {
      scenario.silences.push({ node, fromMs, toMs, cause: "site" });
    }
  }
  for (let node = 0; node < appliances; node += 1) {
    if (chance.happens(1 / 3)) {
      scenario.jumps.push({ node, atMs: 0, byMs: chance.between(-60, 60) * minute });
      if (chance.happens(0.5)) {
        const byMs = chance.oneOf([-60, 60]) * minute;
        scenario.jumps.push({ node, atMs: chance.between(0, endMs), byMs });
      }
    }
    if (node >= site && node < site + inSite) continue;
    for (const window of windows) trouble(scenario, node, window, { chance, noticeMs });
    if (outage !== undefined && chance.happens(0.002)) {
      const fromMs = outage.fromMs + chance.between(60_000, outage.toMs - outage.fromMs - 60_000);
      scenario.silences.push({ node, fromMs, toMs: endMs, cause: "power" });
    }
  }
  return scenario;
}

/** When something may begin and end so that it can be judged: not while the fleet settles, and not in our own outage. */
function windowsOf(options: {
  outage: Span | undefined;
  endMs: number;
  firstMs: number;
  noticeMs: number;
  quietMs: number;
}) {
  const { outage, endMs, firstMs, noticeMs, quietMs } = options;
  const last = endMs - quietMs;
  const spans =
    outage === undefined
      ? [{ fromMs: firstMs, toMs: last }]
      : [
          { fromMs: firstMs, toMs: outage.fromMs - quietMs },
          { fromMs: outage.toMs + quietMs, toMs: last },
        ];
  return spans.filter(({ fromMs, toMs }) => toMs - fromMs > noticeMs + 2 * minute);
}

/** At most one kind of it for an appliance in a window. */
function trouble(
  scenario: Scenario,
  node: number,
  window: Span,
  { chance, noticeMs }: { chance: Chance; noticeMs: number },
) {
  const roll = chance.next();
  const roomMs = window.toMs - window.fromMs;
  if (roll < 0.02) {
    const lastsMs = noticeMs + chance.between(0, Math.min(8 * minute, roomMs - noticeMs - minute));
    const fromMs = window.fromMs + chance.between(0, roomMs - lastsMs);
    const cause = chance.happens(0.5) ? "power" : "network";
    scenario.silences.push({ node, fromMs, toMs: fromMs + lastsMs, cause });
  } else if (roll < 0.03) {
    // Away for seconds, again and again: never long enough to be told.
    let fromMs = window.fromMs + chance.between(0, minute);
    for (let times = 0; times < 5 && fromMs + minute < window.toMs; times += 1) {
      const toMs = fromMs + chance.between(5_000, 40_000);
      scenario.silences.push({ node, fromMs, toMs, cause: chance.happens(0.5) ? "power" : "network" });
      fromMs = toMs + chance.between(40_000, 120_000);
    }
  } else if (roll < 0.04) {
    const lastsMs = Math.min(roomMs, noticeMs * 2 + chance.between(0, 3 * minute));
    const fromMs = window.fromMs + chance.between(0, roomMs - lastsMs);
    scenario.hot.push({ node, fromMs, toMs: fromMs + lastsMs });
  } else if (roll < 0.06) {
    const fromMs = window.fromMs + chance.between(0, roomMs);
    scenario.hot.push({ node, fromMs, toMs: fromMs + 20_000 });
  }
}
