import type { RolloutRequest } from "@steward/contracts/plan";
import type { Placed } from "../../src/rollout/plan-waves.ts";
import { applianceIds } from "../fixtures.ts";
import { type Chance, chanceOf } from "./scheduler.ts";

const minuteMs = 60_000;

/** How one appliance of a simulated fleet behaves. */
export interface Behaviour {
  id: string;
  name: string;
  sites: string[];
  /** Nothing reaches it, and it reaches nothing, within these. */
  away: [fromMs: number, untilMs: number][];
  /** It never comes back after this. */
  diesAtMs?: number;
  beatMs: number;
  durationMs: number;
  /** The change fails here, the first time or every time. */
  fails: "never" | "once" | "always";
  /** The change makes it critical. */
  fallsIll: boolean;
}

export interface Scenario {
  seed: number;
  request: RolloutRequest;
  targets: (Placed & { behaviour: Behaviour })[];
  /** Of the plan, from its approval on. */
  livesMs: number;
  /** Probabilities, at every step: a kill of dispatcher or agent, a call whose request or whose answer is lost. */
  kills: number;
  loses: number;
  duplicates: number;
  /** At each restart of an agent: its ledger is that of an older snapshot, without what came since. */
  restores: number;
  /** What people do, and when. */
  acts: { atMs: number; act: "pause" | "resume" | "cancel" | "freeze" | "unfreeze" | "cut_off" }[];
  /** After each end of the task, at most so often. */
  afterwards: ("retry" | "undo")[];
  confirms: boolean;
  /** Nothing of all that: everything has to succeed. */
  isCalm: boolean;
}

export function scenarioOf(seed: number): Scenario {
  const chance = chanceOf(seed);
  const isCalm = chance.happens(0.1);
  const count = chance.happens(0.05) ? chance.between(12, 40) : chance.between(1, 8);
  // Where nothing goes wrong the plan lasts for all waves and their pauses, too.
  const livesMs = (chance.between(40, 240) + (isCalm ? 240 : 0)) * minuteMs;
  const trouble = isCalm ? 0 : chance.oneOf([0, 0.2, 0.5]);
  const failing = isCalm ? 0 : chance.oneOf([0, 0, 0.1, 0.3, 1]);
  const illness = isCalm ? 0 : chance.oneOf([0, 0, 0, 0.2]);
  const sites = chance.between(1, 3);
  // A power cut in the whole house: they are told one after the other, and come back at one time.
  const blackoutMs = !isCalm && chance.happens(0.05) ? chance.between(15, 30) * minuteMs : 0;
  const targets = applianceIds(count).map((id, at) => {
    const tags = chance.happens(0.3) ? [`ring:${chance.oneOf(["canary", "early"])}`] : [];
    const behaviour = behaviourOf(chance, { id, name: `nas-${at + 1}`, trouble, failing, illness, livesMs, sites });
    if (blackoutMs > 0 && at > 0) behaviour.away.push([2 * minuteMs, blackoutMs + Math.floor(livesMs / 3)]);
    return { id, tags, behaviour };
  });
  const scenario: Scenario = {
    seed,
    request: requestOf(chance, count, isCalm),
    targets,
    livesMs,
    kills: isCalm ? 0 : chance.oneOf([0, 0.01, 0.05]),
    loses: isCalm ? 0 : chance.oneOf([0, 0.05, 0.2]),
    duplicates: isCalm ? 0 : chance.oneOf([0, 0.1, 0.5]),
    restores: isCalm ? 0 : chance.oneOf([0, 0, 0.05]),
    acts: isCalm ? [] : actsOf(chance, livesMs),
    afterwards: isCalm ? [] : Array.from({ length: chance.between(0, 3) }, () => chance.oneOf(["retry", "undo"])),
    confirms: isCalm || chance.happens(0.9),
    isCalm,
  };
  // So small a site could never be touched: that is a rollout that waits until it expires, and not a calm one.
  if (isCalm) delete scenario.request.minHealthy;
  return scenario;
}

function requestOf(chance: Chance, count: number, isCalm: boolean): RolloutRequest {
  const wave = () =>
    chance.oneOf([
      { count: 1 },
      { count: chance.between(1, 4) },
      { percent: chance.between(1, 60) },
      { ring: chance.oneOf(["canary", "early"]) },
    ]);
  const request: RolloutRequest = {
    maxConcurrency: isCalm ? chance.between(2, count + 2) : chance.between(1, Math.max(1, Math.ceil(count * 0.7))),
    undoOnFailure: chance.happens(0.5),
  };
  if (chance.happens(0.7)) request.waves = Array.from({ length: chance.between(1, 3) }, wave);
  if (chance.happens(0.4)) {
    request.errorBudget = chance.oneOf([
      { count: chance.between(0, 3) },
      { percent: chance.between(0, 50) },
      { percent: 100 },
    ]);
  }
  if (chance.happens(0.2)) request.pauseSeconds = chance.between(1, 600);
  if (chance.happens(0.15)) request.confirmWaves = chance.oneOf(["first", "each"]);
  if (chance.happens(0.25)) request.healthGate = { heartbeats: chance.between(1, 3) };
  if (chance.happens(0.2)) {
    request.minHealthy = chance.oneOf([{ count: chance.between(1, 2) }, { percent: chance.between(10, 80) }]);
  }
  return request;
}

function behaviourOf(
  chance: Chance,
  about: {
    id: string;
    name: string;
    trouble: number;
    failing: number;
    illness: number;
    livesMs: number;
    sites: number;
  },
): Behaviour {
  const { trouble, livesMs } = about;
  const away: Behaviour["away"] = [];
  for (let gaps = chance.happens(trouble) ? chance.between(1, 3) : 0; gaps > 0; gaps -= 1) {
    const fromMs = Math.floor(chance.next() * livesMs * (chance.happens(0.5) ? 0 : 0.7));
    away.push([fromMs, fromMs + chance.between(1, 90) * minuteMs]);
  }
  const behaviour: Behaviour = {
    id: about.id,
    name: about.name,
    sites: chance.happens(0.8) ? [`site:${chance.between(1, about.sites)}`] : [],
    away,
    beatMs: chance.oneOf([15_000, 60_000, 60_000, 300_000]),
    // Most are done in seconds; some take their whole time, and some more than that.
    durationMs: Math.min(400_000, Math.floor(1_000 / Math.max(0.002, chance.next() ** 1.5))),
    fails: chance.happens(about.failing) ? chance.oneOf(["once", "always"]) : "never",
    fallsIll: chance.happens(about.illness),
  };
  if (trouble === 0 && about.failing === 0) behaviour.durationMs = Math.min(behaviour.durationMs, 50_000);
  if (chance.happens(trouble / 10)) behaviour.diesAtMs = Math.floor(chance.next() * livesMs);
  return behaviour;
}

function actsOf(chance: Chance, livesMs: number): Scenario["acts"] {
  const acts: Scenario["acts"] = [];
  const soonMs = () => Math.floor(chance.next() ** 3 * livesMs);
  if (chance.happens(0.25)) {
    const atMs = soonMs();
    acts.push({ atMs, act: "pause" });
    if (chance.happens(0.85)) acts.push({ atMs: atMs + chance.between(1, 40) * minuteMs, act: "resume" });
  }
  if (chance.happens(0.15)) acts.push({ atMs: soonMs(), act: "cancel" });
  if (chance.happens(0.2)) {
    const atMs = soonMs();
    acts.push({ atMs, act: "freeze" }, { atMs: atMs + chance.between(1, 40) * minuteMs, act: "unfreeze" });
  }
  if (chance.happens(0.1)) acts.push({ atMs: soonMs(), act: "cut_off" });
  return acts;
}
