import { AppError } from "@steward/contracts/errors";
import type { Plan } from "@steward/contracts/plan";
import { taskHasEnded } from "@steward/contracts/states";
import { completeRollout, planWaves } from "../../src/rollout/plan-waves.ts";
import { rolloutId, startMs, testPlan, testTask } from "../fixtures.ts";
import { type Appliance, createAppliance } from "./appliance.ts";
import { createChecks } from "./checks.ts";
import { dispatchOnce, Lost } from "./dispatcher.ts";
import { type Scenario, scenarioOf } from "./scenario.ts";
import { chanceOf, createScheduler, spawn } from "./scheduler.ts";
import { Conflict, createWorld, realReducers, type Reducers, sweep, type World } from "./world.ts";

export interface Simulated {
  /** What must never happen and did. None: it held. */
  violations: string[];
  outcome: string;
  /** Of what there was to see. */
  seen: { kills: number; executions: number; rounds: number; simulatedMs: number };
}

/** Mistakes outside of the reducers that a simulation must find. */
export interface Mistakes {
  reducers?: Partial<Reducers>;
  trustsWallClock?: boolean;
  /** Dispatchers send by what they decided before. */
  isUnfenced?: boolean;
}

/** Nothing takes longer: the plan's expiry, a run, a day of looking for it, twice for a retry, and what comes late. */
const limitMs = 60 * 3_600_000;
const step = [{ action: "users.add", variables: { username: "john" }, provenance: {} }];

/** One rollout from its approval to its end, and what people do after that. The same seed does the same. */
export function simulate(seed: number, mistakes: Mistakes = {}): Simulated {
  const scenario = scenarioOf(seed);
  const chance = chanceOf(seed ^ 0x5bd1e995);
  const scheduler = createScheduler(startMs);
  const plan = planOf(scenario);
  const reducers = { ...realReducers, ...mistakes.reducers };
  const seen = { kills: 0, executions: 0, rounds: 0, simulatedMs: 0 };
  const isKilled = () => {
    const hit = chance.happens(scenario.kills);
    if (hit) seen.kills += 1;
    return hit;
  };

  let afterwards = 0;
  let isSettled = false;
  const appliances: Appliance[] = [];
  const countsBeats = plan.rollout.healthGate !== undefined || plan.rollout.minHealthy !== undefined;
  const checks = createChecks({ scenario, plan, appliances, nowMs: () => scheduler.nowMs(), world: () => world });
  const dispatch = () => {
    const { isUnfenced = false } = mistakes;
    const options = { world, reducers, scheduler, chance, loses: scenario.loses, isUnfenced };
    spawn(scheduler, dispatchOnce(options), {
      isKilled,
      onGone(why, error) {
        if (why === "failed" && !(error instanceof Lost) && !(error instanceof Conflict)) checks.fault(error);
        // The queue has the message until it was done with: it comes again.
        if (why !== "ended") scheduler.in(chance.between(1_000, 60_000), dispatch);
      },
    });
  };
  const world: World = createWorld({
    scenario,
    task: { ...testTask(), targets: plan.targets.map((id) => ({ id, name: nameOf(scenario, id) })) },
    reducers,
    scheduler,
    chance,
    watch: checks.watch,
    dispatch,
    onEnd() {
      checks.ended();
      const act = scenario.afterwards[afterwards];
      afterwards += 1;
      const again = () => {
        if (act === undefined || !saysIt(() => world.changeTask({ type: act, by: "anna" }))) isSettled = true;
        else {
          seen.rounds += 1;
          checks.again(act);
          dispatch();
        }
      };
      scheduler.in(chance.between(1_000, 600_000), again);
    },
  });

  for (const { behaviour } of scenario.targets) {
    const appliance = createAppliance({
      behaviour,
      world,
      scheduler,
      chance,
      startMs,
      loses: scenario.loses,
      duplicates: scenario.duplicates,
      restores: scenario.restores,
      undoesOnFailure: plan.rollout.undoOnFailure,
      countsBeats: () => countsBeats && scheduler.nowMs() < plan.expiresAtMs + 3_600_000,
      ...(mistakes.trustsWallClock === undefined ? {} : { trustsWallClock: mistakes.trustsWallClock }),
      onExecute(one) {
        seen.executions += 1;
        checks.executing(one);
      },
    });
    appliances.push(appliance);
    const live = () =>
      spawn(scheduler, appliance.live(), {
        isKilled: () => appliance.isGone || isKilled(),
        onGone(why, error) {
          appliance.executing = undefined;
          if (why === "failed") checks.fault(error);
          if (!appliance.isGone) scheduler.in(chance.between(1_000, 120_000), live);
        },
      });
    scheduler.in(chance.between(0, behaviour.beatMs), live);
    if (behaviour.diesAtMs !== undefined) {
      scheduler.in(behaviour.diesAtMs, () => {
        appliance.isGone = true;
      });
    }
    if (!scenario.isCalm) {
      const jump = () => {
        appliance.wallOffsetMs = chance.between(-3_600_000, 3_600_000);
        scheduler.in(chance.between(60_000, 3_600_000), jump);
      };
      jump();
    }
  }

  const tick = () => {
    sweep(world, scheduler.nowMs());
    const { rollout } = world;
    // Whoever is asked for their word gives it, some time.
    if (rollout?.pause?.afterWave !== undefined && scenario.confirms && chance.happens(0.3)) {
      saysIt(() => world.changeRollout({ type: "resume" }));
    }
    scheduler.in(60_000, tick);
  };
  if (countsBeats || plan.rollout.confirmWaves !== undefined) tick();
  for (const { atMs, act } of scenario.acts) scheduler.in(atMs, () => actNow(world, act, appliances, saysIt));

  world.changeTask({ type: "plan", plan, gate: { decision: "allow", reasons: [] }, rolloutId });
  scheduler.run(startMs + limitMs, () => isSettled && !appliances.some((one) => !one.isGone && one.executing));
  seen.simulatedMs = scheduler.nowMs() - startMs;
  return {
    violations: checks.atTheEnd(isSettled && taskHasEnded(world.task.status)),
    outcome: `${world.task.status}${world.task.result?.undone === true ? " (undone)" : ""}${
      world.task.result?.stopped === undefined ? "" : ` (${world.task.result.stopped})`
    }`,
    seen,
  };

  /** What a person asks for may be impossible by now. Answers whether it was done. */
  function saysIt(say: () => void): boolean {
    try {
      say();
      return true;
    } catch (error) {
      if (error instanceof AppError || error instanceof Conflict) return false;
      checks.fault(error);
      return false;
    }
  }
}

function actNow(
  world: World,
  act: Scenario["acts"][number]["act"],
  appliances: readonly Appliance[],
  saysIt: (say: () => void) => boolean,
): void {
  switch (act) {
    case "pause":
      saysIt(() => world.changeRollout({ type: "pause", by: "anna" }));
      return;
    case "resume":
      saysIt(() => world.changeRollout({ type: "resume" }));
      return;
    case "cancel":
      saysIt(() => world.changeTask({ type: "cancel", by: "anna" }));
      return;
    case "freeze":
    case "unfreeze":
      world.isFrozen = act === "freeze";
      return;
    case "cut_off": {
      const [appliance] = appliances;
      if (appliance === undefined) return;
      appliance.isGone = true;
      for (const run of world.runs.values()) {
        if (run.applianceId !== appliance.behaviour.id) continue;
        world.changeRun(run.runId, { type: "cancel", reason: "nas-1 was revoked" });
        world.sendMessage();
      }
    }
  }
}

function nameOf(scenario: Scenario, id: string): string {
  return scenario.targets.find((target) => target.id === id)?.behaviour.name ?? id;
}

/** A request that cannot be planned (a ring without appliances) is planned without its waves. */
function planOf(scenario: Scenario): Plan {
  const { targets, request } = scenario;
  const about = { onlyReads: false, several: targets.length > 1 };
  const waves = (() => {
    try {
      return planWaves(completeRollout(request, about), targets);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { waves: _, ...rest } = request;
      return planWaves(completeRollout(rest, about), targets);
    }
  })();
  template ??= testPlan(testTask(), step);
  return { ...template, ...waves, targets: targets.map(({ id }) => id), expiresAtMs: startMs + scenario.livesMs };
}

/** Its hashes are not those of this plan; no reducer looks at them. */
let template: Plan | undefined;
