import { cpSync, mkdtempSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { getTask } from "@steward/aws/records/task";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { RolloutRequest } from "@steward/contracts/plan";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import type { RunState } from "@steward/core/run/run-state";
import { expect, it } from "vitest";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import type { Role } from "../../packages/local/src/stack-options.ts";
import { tally } from "../support/count-effects.ts";
import { countingPlaybook, type Effect, readEffects } from "../support/effects.ts";
import { startInstallation } from "../support/installation.ts";
import { atATime } from "../support/load.ts";
import { persistently } from "../support/persistently.ts";
import { chooseSeed, type Seeded, seeded } from "../support/seeded.ts";

/*
 * Rollouts of four runs each: with waves, failures that are tried again, pauses and undos; while agents, the functions'
 * host (in which the dispatcher runs) and the cloud are killed. What happened is counted on the appliances' disks.
 */

const rolloutCount = 50;
const kills = { host: 8, cloud: 4, agent: 8 } as const;
const atOneTime = 9;
const endWithinMs = 9 * 60_000;
const appliances = demoAppliances(12);
const tenants = ["acme", "birch", "cedar"] as const;

interface Wish {
  name: string;
  tenant: (typeof tenants)[number];
  rollout: RolloutRequest;
  afterwards: ("pause" | "undo")[];
}

function makeWishes(random: Seeded): Wish[] {
  return Array.from({ length: rolloutCount }, (_, at) => {
    const flaky = random.next() < 0.3;
    const rollout: RolloutRequest = {
      waves: random.next() < 0.5 ? [{ count: 1 }] : [{ ring: "canary" }, { count: 1 }],
      maxConcurrency: random.between(1, 4),
      undoOnFailure: random.next() < 0.5,
      ...(flaky && random.next() < 0.5 ? { errorBudget: { percent: 100 } } : {}),
    };
    const afterwards: Wish["afterwards"] = [];
    if (random.next() < 0.3) afterwards.push("pause");
    if (random.next() < 0.4) afterwards.push("undo");
    return {
      name: `${flaky ? "flaky" : "r"}${String(at).padStart(3, "0")}`,
      tenant: tenants[at % tenants.length] ?? "acme",
      rollout,
      afterwards,
    };
  });
}

it(
  "200 runs of rollouts with waves, pauses, retries and undos, while everything is killed: none lost, none doubled, none without an end",
  async () => {
    const random = seeded(chooseSeed());
    console.log(`rollouts: STEWARD_SEED=${random.seed}`);
    const wishes = makeWishes(random);
    const installation = await startInstallation({
      appliances: appliances.length,
      separateAgents: true,
      executor: { program: countingPlaybook },
      visibilitySeconds: 5,
    });
    const { stack } = installation;

    // A kill comes with the n-th step that begins on any disk.
    const points = new Map<number, keyof typeof kills>();
    const total = kills.host + kills.cloud + kills.agent;
    const roles = random.shuffled(
      Object.entries(kills).flatMap(([role, count]) => Array.from({ length: count }, () => role)),
    );
    random.points(total, 5, 190).forEach((point, at) => void points.set(point, roles[at] as keyof typeof kills));
    const killed: string[] = [];
    const killing: Promise<void>[] = [];
    const queues = new Map<Role, Promise<void>>();
    const kill = (role: Role): Promise<void> => {
      const next = (queues.get(role) ?? Promise.resolve()).then(() => stack.up(role)).then(() => stack.kill(role));
      queues.set(role, next);
      return next;
    };
    let begun = 0;
    const watchers = appliances.map(({ name }) => {
      let seen = 0;
      return watch(installation.machineDir(name), (_, file) => {
        if (file !== "effects") return;
        const now = readEffects(installation.machineDir(name)).filter(({ point }) => point === "start").length;
        for (; seen < now; seen += 1) {
          begun += 1;
          const role = points.get(begun);
          if (role === undefined) continue;
          killing.push(kill(role === "agent" ? `agent:${name}` : role).then(() => void killed.push(role)));
        }
      });
    });

    try {
      const startedMs = Date.now();
      const untilMs = startedMs + endWithinMs;
      const ended = await atATime(atOneTime, wishes, (wish) => drive(installation.as(wish.tenant), wish, untilMs));
      await Promise.all(killing);
      const seconds = Math.round((Date.now() - startedMs) / 1000);

      const found = { lost: [] as string[], doubled: [] as string[], endless: [] as string[] };
      let runCount = 0;
      let attempts = 0;
      const disks = new Map(appliances.map(({ name }) => [name, readEffects(installation.machineDir(name))]));
      for (const [at, task] of ended.entries()) {
        const wish = wishes[at];
        const tenantId = installation.tenantId(wish?.tenant ?? "");
        if (!taskHasEnded(task.status))
          found.endless.push(`${wish?.name}: ${JSON.stringify({ ...task, plan: undefined })}`);
        const { rolloutId = "" } = (await getTask(installation.table, { tenantId, taskId: task.id })) ?? {};
        for (const run of await listRunsOfRollout(installation.table, { tenantId, rolloutId })) {
          runCount += 1;
          attempts += run.attempt;
          const effects = (disks.get(run.applianceName) ?? []).filter((effect) => effect.run === run.runId);
          judge(run, effects, found);
        }
      }
      console.log(
        `rollouts: seed ${random.seed}, executor: the real one with a counting program in the place of ansible-playbook; ` +
          `${rolloutCount} rollouts, ${runCount} runs, ${attempts} attempts in ${seconds} s ` +
          `(${tally(ended.map((task) => (task.result?.undone === true ? "undone" : task.status)))}); killed: ${tally(killed)}; ` +
          `${begun} steps begun on ${appliances.length} disks; ` +
          `${found.lost.length} lost, ${found.doubled.length} doubled, ${found.endless.length} without an end`,
      );
      expect(found).toEqual({ lost: [], doubled: [], endless: [] });
      expect(runCount).toBe(rolloutCount * 4);
      expect(killed.toSorted()).toEqual(roles.toSorted());
    } catch (error) {
      const kept = mkdtempSync(join(tmpdir(), "steward-rollouts-logs-"));
      cpSync(join(stack.stateDir, "logs"), kept, { recursive: true });
      console.log(`rollouts: the logs are in ${kept}`);
      throw error;
    } finally {
      for (const watcher of watchers) watcher.close();
      await installation.close();
    }
  },
  endWithinMs + 2 * 60_000,
);

/** What the record says of a run's attempts, held against what was done on its appliance. */
function judge(
  run: RunState,
  effects: readonly Effect[],
  found: Record<"lost" | "doubled" | "endless", string[]>,
): void {
  const where = `${run.runId} on ${run.applianceName}: ${JSON.stringify({ ...run, effects })}`;
  if (!runHasEnded(run.status)) found.endless.push(where);
  const attempts = [...(run.earlier ?? []), run];
  for (const undo of [false, true]) {
    const tried = attempts.filter((one) => (one.operation === "undo") === undo);
    const begun = tried.filter((one) => one.startedAtMs !== undefined).length;
    const done = tried.filter((one) => one.status === (undo ? "undone" : "succeeded")).length;
    const of = (point: Effect["point"]) => effects.filter((one) => one.undo === undo && one.point === point).length;
    // Each attempt does its one step at most once. A run that undoes itself where it fails does that in its own attempt.
    const most = undo ? begun + attempts.filter(({ operation }) => operation === undefined).length : begun;
    if (of("start") > most) found.doubled.push(where);
    // An undo of what its ledger knows was never begun has nothing to do.
    if (!undo && of("end") < done) found.lost.push(where);
  }
  if (run.status === "undone" && effects.at(-1)?.undo === false) found.lost.push(where);
}

/** What a patient person does: asks until answered, tries again what failed, and takes back what they wanted taken back. */
async function drive(call: Client, wish: Wish, untilMs: number): Promise<TaskView> {
  const wait = { untilMs };
  const steps = [{ action: "users.add", variables: { username: wish.name } }];
  const body = { steps, targets: ["all"], rollout: wish.rollout };
  let task = await persistently(() => call("submitTask", { body, idempotencyKey: `submit-${wish.name}` }), wait);
  const params = { taskId: task.id };
  /** One that came too late (all has ended, nothing is there to be done) is as good as one that was heard. */
  const say = (
    name: "pauseTask" | "resumeTask" | "retryTask" | "undoTask",
    key: string,
  ): Promise<TaskView | undefined> =>
    persistently(
      () =>
        name === "pauseTask" || name === "undoTask"
          ? call(name, { params, body: {}, idempotencyKey: `${key}-${wish.name}` })
          : call(name, { params, idempotencyKey: `${key}-${wish.name}` }),
      wait,
    ).catch((error: unknown) => {
      if (error instanceof AppError && ["invalid_transition", "unprocessable"].includes(error.code)) return undefined;
      throw error;
    });
  const toEnd = async () => {
    task = await persistently(() => call("getTask", { params, query: {} }), wait);
    while (!taskHasEnded(task.status) && Date.now() < untilMs) {
      const { version } = task;
      task = await persistently(() => call("getTask", { params, query: { wait: 5, since: version } }), wait);
    }
  };

  if (wish.afterwards.includes("pause")) {
    await say("pauseTask", "pause");
    await say("resumeTask", "resume");
  }
  await toEnd();
  for (let round = 1; task.status === "failed" && round <= 6; round += 1) {
    if ((await say("retryTask", `retry${round}`)) === undefined) break;
    await toEnd();
  }
  if (wish.afterwards.includes("undo")) {
    await say("undoTask", "undo");
    await toEnd();
  }
  return task;
}
