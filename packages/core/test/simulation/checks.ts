import type { Plan } from "@steward/contracts/plan";
import { runHasEnded } from "@steward/contracts/states";
import { toleratedOf } from "../../src/rollout/error-budget.ts";
import { awayAfterMs, isAway } from "../../src/rollout/recount.ts";
import { awaitsStart, isUnderWay } from "../../src/run/run-phase.ts";
import type { RunState } from "../../src/run/run-state.ts";
import type { Appliance } from "./appliance.ts";
import type { Scenario } from "./scenario.ts";
import type { Watch, World } from "./world.ts";

export interface Checks {
  watch: Watch;
  executing(appliance: Appliance): void;
  fault(error: unknown): void;
  /** The task has come to an end. */
  ended(): void;
  /** A person asked for a further round. */
  again(act: "retry" | "undo"): void;
  /** All that was found, with what only the end shows. */
  atTheEnd(hasEnded: boolean): string[];
}

/** A dispatcher reads, decides and sends one by one: what happens in between it cannot know. */
const decidedWithinMs = 5_000;

/**
 * What must hold at every moment, judged without the code that decides: by what the records and the appliances' disks
 * show.
 */
export function createChecks(options: {
  scenario: Scenario;
  plan: Plan;
  appliances: readonly Appliance[];
  nowMs: () => number;
  world: () => World;
}): Checks {
  const { scenario, plan, appliances, nowMs } = options;
  const { rollout: parameters } = plan;
  const violations: string[] = [];
  const waves = plan.waveOf ?? plan.targets.map(() => 1);
  const hasWaves = new Set(waves).size > 1;
  const sizeUpTo = (wave: number) => waves.filter((one) => one <= wave).length;
  /** Of this round: what was failed and in flight when the budget was first exceeded. */
  let exceeded: { failed: number; inFlight: number } | undefined;
  let hasRetried = false;
  let undoAsked = false;
  let everSucceeded = false;
  const changedBy = new Set<string>();
  /** By run and attempt: when its appliance, back again, was told that there is no place. */
  const told = new Map<string, number[]>();

  const found = (what: string) => {
    if (violations.length < 20) violations.push(`+${Math.round((nowMs() - startOf()) / 1000)} s: ${what}`);
  };
  const startOf = () => plan.expiresAtMs - scenario.livesMs;
  const runs = () => [...options.world().runs.values()];

  function onSend(before: RunState, after: RunState): void {
    const { rollout, isFrozen } = options.world();
    const about = `${after.applianceName} (wave ${after.wave}, attempt ${after.attempt})`;
    if (rollout === undefined) return found(`${about} was sent without a rollout`);
    if (rollout.status !== "running") found(`${about} was sent while the rollout was ${rollout.status}`);
    if (nowMs() >= plan.expiresAtMs) found(`${about} was sent after the plan's expiry`);
    if (isFrozen) found(`${about} was sent in a freeze`);
    const others = runs().filter((run) => run.runId !== after.runId);
    const busy = others.filter((run) => isUnderWay(run) || (awaitsStart(run) && !isAway(run, nowMs()))).length;
    // Who came late took a place that it was given at its start; nothing is sent on top of that.
    if (busy + 1 > parameters.maxConcurrency)
      found(`${about} was sent as number ${busy + 1} of ${parameters.maxConcurrency}`);
    const next = others.filter(isNext);
    if (busy < parameters.maxConcurrency && busy + next.length + 1 > parameters.maxConcurrency) {
      found(`${about} was sent in the place of ${next[0]?.applianceName}, which had asked for it`);
    }
    if (before.status === "undoing") return;

    if (rollout.stop !== undefined) found(`${about} was sent after the stop`);
    if (rollout.operation === "undo") found(`${about} was sent while the change was being undone`);
    // One that failed while this was being decided is in flight still, for whoever decides.
    const failed = others.filter(
      ({ status, endedAtMs }) => status === "failed" && nowMs() - (endedAtMs ?? 0) > decidedWithinMs,
    ).length;
    const reached = Math.max(sizeUpTo(after.wave), sizeUpTo(1));
    if (failed > toleratedOf(parameters, reached)) found(`${about} was sent with ${failed} failed`);
    if (after.wave > 1 && hasWaves) {
      const first = runs().filter((run) => run.wave === 1);
      if (!first.some(({ status }) => status === "succeeded") && !everSucceeded) {
        found(`${about} was sent before anything had succeeded in the first wave`);
      }
      // A retry may come back to a wave that was passed over because its appliances were gone.
      const isFirst = !others.some((run) => run.wave >= after.wave && run.sentAtMs !== undefined);
      if (isFirst) onFirstOfWave(after, others);
    }
    if (parameters.minHealthy !== undefined) checkSites(after);
  }

  /** It waits for a place, and whoever sends has had the time to see that. */
  function isNext(run: RunState): boolean {
    if (!awaitsStart(run) || !isAway(run, nowMs())) return false;
    const ages = (told.get(`${run.runId}.${run.attempt}`) ?? []).map((atMs) => nowMs() - atMs);
    return ages.some((ageMs) => ageMs >= 60_000 && ageMs < 8 * 60_000);
  }

  function onFirstOfWave(after: RunState, others: RunState[]): void {
    for (const run of others.filter(({ wave }) => wave < after.wave)) {
      const isLate = (run.startedAtMs ?? 0) - (run.sentAtMs ?? 0) >= 10 * 60_000;
      if (runHasEnded(run.status) || run.status === "unreachable" || isAway(run, nowMs()) || isLate) continue;
      found(`wave ${after.wave} began while ${run.applianceName} of wave ${run.wave} was ${run.status}`);
    }
    const begun = others.filter((run) => run.wave === after.wave - 1 && run.sentAtMs !== undefined);
    if (begun.some(awaitsStart) && !begun.some(({ status }) => status === "succeeded")) {
      found(`wave ${after.wave} began and nobody in the wave before had taken the change`);
    }
    const { pauseSeconds, confirmWaves, healthGate } = parameters;
    if (healthGate !== undefined) {
      for (const run of others.filter(({ wave }) => wave < after.wave)) {
        const seen = options.world().fleet.get(run.applianceId);
        // It may have become so since this was decided.
        const isIll = seen?.health === "critical" && nowMs() - seen.healthSinceMs > decidedWithinMs;
        if (
          isIll &&
          run.status === "succeeded" &&
          seen.healthSinceMs >= (run.startedAtMs ?? 0) &&
          run.round === undefined
        ) {
          found(`wave ${after.wave} began with ${run.applianceName} critical`);
        }
      }
    }
    // Whoever was cut off before anything was sent has shown nothing that a pause would look at.
    const before = others.filter(({ wave, sentAtMs }) => wave === after.wave - 1 && sentAtMs !== undefined);
    const endedAtMs = Math.max(0, ...before.map((run) => (runHasEnded(run.status) ? (run.endedAtMs ?? 0) : 0)));
    // A late one of an earlier wave may end after the pause has begun.
    if (pauseSeconds !== undefined && nowMs() < endedAtMs + pauseSeconds * 1000 - 100 && !before.some(isLateStarter)) {
      found(`wave ${after.wave} did not wait for its pause`);
    }
    const confirmed = options.world().rollout?.confirmedWave ?? 0;
    const begunBefore = Math.max(0, ...others.filter(({ sentAtMs }) => sentAtMs !== undefined).map(({ wave }) => wave));
    const needed = confirmWaves === "each" ? begunBefore : confirmWaves === "first" ? Math.min(begunBefore, 1) : 0;
    if (confirmed < needed) found(`wave ${after.wave} began without a person's word`);
  }

  const isLateStarter = (run: RunState) => (run.startedAtMs ?? 0) - (run.sentAtMs ?? 0) >= 10 * 60_000;

  function checkSites(after: RunState): void {
    const { minHealthy } = parameters;
    if (minHealthy === undefined) return;
    const { fleet } = options.world();
    const touched = new Set(
      runs()
        .filter(
          (run) => awaitsStart(run) || isUnderWay(run) || run.status === "unreachable" || run.runId === after.runId,
        )
        .map((run) => run.applianceId),
    );
    for (const site of fleet.get(after.applianceId)?.sites ?? []) {
      const members = [...fleet].filter(([, seen]) => seen.sites.includes(site));
      const well = members.filter(
        ([id, seen]) => !touched.has(id) && (seen.health === "healthy" || seen.health === "warning"),
      ).length;
      const needed = "count" in minHealthy ? minHealthy.count : Math.ceil((members.length * minHealthy.percent) / 100);
      // An appliance that fell silent while this was being decided is nobody's fault.
      const justFell = members.filter(([, seen]) => nowMs() - seen.healthSinceMs < 60_000).length;
      if (well + justFell < needed) found(`${site} is left with ${well} of ${needed} by ${after.applianceName}`);
    }
  }

  function onFailed(after: RunState): void {
    const { rollout } = options.world();
    if (after.operation === "undo" || rollout?.operation === "undo") return;
    const failed = runs().filter(
      (run) => run.runId !== after.runId && run.status === "failed" && run.operation !== "undo",
    );
    const count = failed.length + 1;
    const begun = Math.max(
      1,
      ...runs()
        .filter((run) => run.sentAtMs !== undefined)
        .map((run) => run.wave),
    );
    if (exceeded === undefined && count > toleratedOf(parameters, sizeUpTo(begun))) {
      const inFlight = runs().filter(
        (run) => run.runId !== after.runId && (awaitsStart(run) || isUnderWay(run) || run.status === "unreachable"),
      ).length;
      exceeded = { failed: count, inFlight };
    } else if (exceeded !== undefined && count > exceeded.failed + exceeded.inFlight) {
      found(
        `${count} failed: more than the ${exceeded.failed} that exceeded the budget and ${exceeded.inFlight} in flight`,
      );
    }
  }

  return {
    watch: {
      run(before, after) {
        if (before === undefined) return;
        if (after.version !== before.version + 1)
          found(`${after.runId} went from version ${before.version} to ${after.version}`);
        if (before.sentAtMs === undefined && after.sentAtMs !== undefined) onSend(before, after);
        if (!isUnderWay(before) && isUnderWay(after)) {
          const { isFrozen, task } = options.world();
          if (isFrozen) found(`${after.applianceName} started in a freeze`);
          if (task.status !== "running") found(`${after.applianceName} started while the task was ${task.status}`);
        }
        if (after.status === "succeeded") everSucceeded ||= after.wave === 1;
        if (after.status === "failed" && before.status !== "failed") onFailed(after);
        const isAtIt = appliances.some(({ executing }) => executing === after.runId);
        if (isAtIt && isUnderWay(before) && runHasEnded(after.status))
          found(`${after.applianceName} is at it and has ended`);
        if (after.dueAtMs === undefined && !runHasEnded(after.status)) found(`${after.runId} has no deadline`);
      },
      rollout(before, after, by) {
        if (
          before.status === "paused" &&
          after.status === "running" &&
          by === "dispatcher" &&
          after.stop === undefined
        ) {
          found("it went on without a person's word");
        }
        const hasEnded = ["succeeded", "failed", "cancelled"].includes(after.status);
        if (hasEnded !== (after.dueAtMs === undefined))
          found(`the rollout is ${after.status} with the deadline ${after.dueAtMs}`);
        if (hasEnded && !runs().every((run) => runHasEnded(run.status)))
          found(`it is ${after.status} with runs that go on`);
      },
      noPlace({ runId, attempt }) {
        const key = `${runId}.${attempt}`;
        told.set(key, [...(told.get(key) ?? []), nowMs()]);
      },
    },
    executing(appliance) {
      const runId = appliance.executing ?? "";
      const effects = appliance.disk.effects.filter((one) => one.runId === runId);
      const last = effects.at(-1);
      if (last === undefined) return;
      if (last.operation === "apply") changedBy.add(appliance.behaviour.id);
      if (effects.some((one) => one !== last && one.attempt === last.attempt)) {
        found(`${appliance.behaviour.name} did attempt ${last.attempt} twice`);
      }
      const run = options.world().runs.get(runId);
      if (run?.ledgerId !== last.ledgerId) found(`${appliance.behaviour.name} runs what the record does not know of`);
      const busy = appliances.filter(({ executing }) => executing !== undefined).length;
      if (busy > parameters.maxConcurrency) found(`${busy} appliances are at it, of ${parameters.maxConcurrency}`);
    },
    fault(error) {
      found(`a fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    },
    ended() {
      const { task, rollout } = options.world();
      const { counts = {} } = task.result ?? {};
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (/did not come to an end/.test(task.result?.message ?? "")) found("it ended by the task's last resort");
      if (rollout !== undefined && rollout.status !== "cancelled" && total !== plan.targets.length) {
        found(`${total} of ${plan.targets.length} appliances are counted`);
      }
      checkDisks();
      checkLost();
      const isFirst = !hasRetried && !undoAsked;
      if (isFirst && task.status === "succeeded") {
        const without = plan.targets.length - (counts["succeeded"] ?? 0);
        if (without > toleratedOf(parameters, plan.targets.length))
          found(`it succeeded with ${without} without the change`);
      }
      checkCanary(isFirst);
      if (scenario.isCalm && (task.status !== "succeeded" || counts["succeeded"] !== plan.targets.length)) {
        found(`nothing went wrong, and it is ${task.status}: ${task.result?.message}`);
      }
      if (undoAsked && task.status === "succeeded" && task.result?.undone === true) checkUndone(runs());
      const { stop } = rollout ?? {};
      if (isFirst && task.result?.stopped !== undefined && parameters.undoOnFailure && nowMs() < plan.expiresAtMs) {
        checkUndone(runs().filter((run) => run.wave === stop?.wave && run.status !== "failed"));
      }
    },
    again(act) {
      hasRetried = true;
      undoAsked ||= act === "undo";
      exceeded = undefined;
    },
    atTheEnd(hasEnded) {
      if (!hasEnded) {
        const { task, rollout } = options.world();
        const open = runs().filter((run) => !runHasEnded(run.status));
        found(
          `it has no end: the task is ${task.status}, the rollout ${rollout?.status} (${rollout?.hold ?? "no hold"}), ${open
            .map((run) => `${run.applianceName} ${run.status}`)
            .join(", ")}`,
        );
      }
      return violations;
    },
  };

  /** What the records say was done was done, and what they say was not was not. */
  function checkDisks(): void {
    for (const run of runs()) {
      const disk = appliances.find(({ behaviour }) => behaviour.id === run.applianceId)?.disk;
      if (disk === undefined) continue;
      const own = disk.effects.filter((effect) => effect.runId === run.runId);
      const is = `${run.applianceName} is ${run.status} and the change is ${disk.change}`;
      if (run.status === "succeeded" && disk.change !== "present") found(is);
      if (run.status === "undone" && disk.change !== "absent") found(is);
      if ((run.status === "cancelled" || run.status === "expired") && run.attempt === 1 && own.length > 0) found(is);
      if (run.status === "succeeded" && !own.some((effect) => effect.attempt === run.attempt && !effect.isPartial)) {
        found(`${run.applianceName} succeeded without having done it`);
      }
    }
  }

  /** Who was there all the time, was told in time and could have had a place has begun. */
  function checkLost(): void {
    const hasFrozen = scenario.acts.some(({ act }) => act === "freeze");
    // A site that is in trouble may keep who comes late waiting to the end.
    if (hasFrozen || scenario.loses > 0.05 || parameters.minHealthy !== undefined) return;
    for (const run of runs()) {
      const appliance = appliances.find(({ behaviour }) => behaviour.id === run.applianceId);
      if (appliance === undefined || appliance.behaviour.away.length > 0 || appliance.isGone) continue;
      const isTold = run.sentAtMs !== undefined && run.startedAtMs === undefined && !appliance.isRestored();
      if (isTold && run.status === "expired" && freeMsSince(run) > 45 * 60_000) {
        found(`${run.applianceName} was there, had its command and a place for long, and never began`);
      }
    }
  }

  /** For how long some place was free from its command to the plan's expiry. What is not known counts as taken. */
  function freeMsSince(run: RunState): number {
    const held: [fromMs: number, untilMs: number][] = [];
    for (const other of runs()) {
      if (other.runId === run.runId) continue;
      for (const { startedAtMs, endedAtMs } of other.earlier ?? []) {
        if (startedAtMs !== undefined) held.push([startedAtMs - awayAfterMs, endedAtMs ?? plan.expiresAtMs]);
      }
      const { sentAtMs, startedAtMs, endedAtMs, deadlineAtMs } = other;
      if (sentAtMs === undefined) continue;
      held.push([sentAtMs, Math.min(sentAtMs + awayAfterMs, startedAtMs ?? endedAtMs ?? Number.POSITIVE_INFINITY)]);
      if (startedAtMs !== undefined) held.push([startedAtMs, endedAtMs ?? deadlineAtMs ?? plan.expiresAtMs]);
    }
    const fromMs = run.sentAtMs ?? plan.expiresAtMs;
    const times = [fromMs, plan.expiresAtMs, ...held.flat()].filter(
      (atMs) => atMs >= fromMs && atMs <= plan.expiresAtMs,
    );
    times.sort((a, b) => a - b);
    let freeMs = 0;
    times.forEach((atMs, index) => {
      const busy = held.filter(([from, until]) => from <= atMs && atMs < until).length;
      if (busy < parameters.maxConcurrency) freeMs += (times[index + 1] ?? atMs) - atMs;
    });
    return freeMs;
  }

  function checkCanary(isFirst: boolean): void {
    const first = runs().filter((run) => run.wave === 1);
    const [canary] = first;
    if (!isFirst || !hasWaves || first.length !== 1 || canary === undefined || everSucceeded) return;
    if (changedBy.size > 1) found(`the canary did not succeed and ${changedBy.size} appliances were touched`);
  }

  function checkUndone(list: RunState[]): void {
    for (const run of list) {
      const disk = appliances.find(({ behaviour }) => behaviour.id === run.applianceId)?.disk;
      if (disk?.change === "present") found(`${run.applianceName} still has the change (${run.status})`);
    }
  }
}
