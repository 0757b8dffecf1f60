import { cpSync, mkdtempSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { taskHasEnded } from "@steward/contracts/states";
import { putSecret } from "@steward/aws/secrets";
import { expect, it } from "vitest";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import type { Role } from "../../packages/local/src/stack-options.ts";
import { countEffects, endsOf, tally } from "../support/count-effects.ts";
import { countingPlaybook, readEffects } from "../support/effects.ts";
import { startInstallation } from "../support/installation.ts";
import { atATime, drive, makeWishes, understand } from "../support/load.ts";
import { startScriptedModels } from "../support/scripted-models.ts";
import { chooseSeed, seeded } from "../support/seeded.ts";

const taskCount = 200;
const killsPerRole = 20;
const atOneTime = 64;
/** When what has not ended counts as lost: the kills take machines from four to over five minutes, the last repair one more. */
const endWithinMs = 9 * 60_000;
const appliances = demoAppliances(6);

/** What happens during the load; the n-th of a kind is a point to kill at. */
type Moment = "accepted" | "ended" | "begun" | "asked";

it(
  "kill -9 of worker, agents, functions' host and local cloud at 20 points each: nothing lost, nothing doubled",
  async () => {
    const random = seeded(chooseSeed());
    console.log(`kill: STEWARD_SEED=${random.seed}`);
    const wishes = makeWishes(taskCount, appliances, random);
    const models = await startScriptedModels({
      script: ({ protocol, prompt }) => {
        if (protocol === "ollama") happened("asked");
        return { kind: "answer", json: understand(prompt), tokenMs: 10 };
      },
    });
    const installation = await startInstallation({
      appliances: appliances.length,
      separateAgents: true,
      executor: { program: countingPlaybook },
      worker: { ollamaHost: models.url, env: { STEWARD_WORKER_SLOTS: "2" } },
      functionEnv: { STEWARD_ANTHROPIC_URL: models.url },
      visibilitySeconds: 10,
    });
    const { stack } = installation;
    const machineDir = (name: string) => installation.machineDir(name);
    const machineDirs = new Map(appliances.map(({ name }) => [name, machineDir(name)]));
    await putSecret(installation.cloudAs("owner").secrets, installation.names.anthropicSecret, "scripted");

    // Half of the kills of worker and agents hit them at work: while a model answers, while a step runs.
    const kills = new Map<string, { role: Role | "agent"; delayMs: number }[]>();
    const plan = (role: Role | "agent", count: number, high: number, ...moments: Moment[]) => {
      for (const point of random.points(count, 1, high)) {
        const at = `${moments[point % moments.length]} ${Math.ceil(point / moments.length)}`;
        kills.set(at, [...(kills.get(at) ?? []), { role, delayMs: random.between(0, 200) }]);
      }
    };
    plan("cloud", killsPerRole, 380, "accepted", "ended");
    plan("host", killsPerRole, 380, "accepted", "ended");
    plan("worker", killsPerRole / 2, 380, "accepted", "ended");
    plan("worker", killsPerRole / 2, 14, "asked");
    plan("agent", killsPerRole / 2, 380, "accepted", "ended");
    plan("agent", killsPerRole / 2, 150, "begun");

    const killed: string[] = [];
    const killing: Promise<void>[] = [];
    const times = new Map<Moment, number>();
    function happened(moment: Moment, appliance?: string): void {
      const count = (times.get(moment) ?? 0) + 1;
      times.set(moment, count);
      strike(`${moment} ${count}`, appliance);
      // How often a model is asked hangs on how often its worker was away: what was not struck then is now.
      if (moment === "ended" && count === taskCount - 10) {
        for (const at of [...kills.keys()].filter((one) => !one.startsWith("ended"))) strike(at);
      }
    }
    function strike(at: string, appliance?: string): void {
      const due = kills.get(at) ?? [];
      kills.delete(at);
      for (const { role, delayMs } of due) {
        const name = appliance ?? appliances[random.between(0, appliances.length - 1)]?.name ?? "";
        killing.push(kill(role === "agent" ? `agent:${name}` : role, delayMs).then(() => void killed.push(role)));
      }
    }
    const queues = new Map<Role, Promise<void>>();
    /** One at a time for each process, and only while it is up: every kill counts. */
    function kill(role: Role, delayMs: number): Promise<void> {
      const next = (queues.get(role) ?? Promise.resolve())
        .then(() => stack.up(role))
        // Somewhere in what follows from the moment, not always at its very beginning.
        .then(() => new Promise((resolve) => setTimeout(resolve, delayMs)))
        .then(() => stack.up(role))
        .then(() => stack.kill(role));
      queues.set(role, next);
      return next;
    }
    const watchers = appliances.map(({ name }) => {
      let seen = 0;
      return watch(machineDir(name), (_, file) => {
        if (file !== "effects") return;
        const begun = readEffects(machineDir(name)).filter(({ point }) => point === "start").length;
        for (; seen < begun; seen += 1) happened("begun", name);
      });
    });

    try {
      const startedMs = Date.now();
      const untilMs = startedMs + endWithinMs;
      const driven = await atATime(atOneTime, wishes, async (wish) => {
        const one = await drive(installation.as(wish.tenant), wish, {
          untilMs,
          onAccepted: () => happened("accepted"),
        });
        happened("ended");
        return one;
      });
      await Promise.all(killing);
      const seconds = Math.round((Date.now() - startedMs) / 1000);

      const counts = countEffects(driven, machineDirs);
      console.log(
        `kill: seed ${random.seed}, executor: the real one with a counting program in the place of ansible-playbook; ` +
          `${driven.length} tasks in ${seconds} s (${endsOf(driven)}; planned by ${tally(driven.map(({ task }) => task.planning?.tier ?? "nobody"))}); ` +
          `killed: ${tally(killed)}; ${counts.effects} effects on ${appliances.length} disks, ${counts.interrupted} runs interrupted; ` +
          `${counts.lost.length} lost, ${counts.doubled.length} doubled`,
      );
      for (const { task } of driven)
        if (task.status === "failed") console.log(`kill: ${task.id} failed: ${task.result?.message}`);
        else if (!taskHasEnded(task.status)) console.log(`kill: not at its end: ${JSON.stringify(task)}`);
      expect({ lost: counts.lost, doubled: counts.doubled, strange: counts.strange }).toEqual({
        lost: [],
        doubled: [],
        strange: [],
      });
      for (const role of ["cloud", "host", "worker", "agent"]) {
        expect(killed.filter((one) => one === role)).toHaveLength(killsPerRole);
      }
      // A request that was repeated after a kill made no second task.
      const listed = await Promise.all(["acme", "birch", "cedar"].map((slug) => countTasks(installation.as(slug))));
      expect(listed.reduce((sum, count) => sum + count, 0)).toBe(taskCount);
    } catch (error) {
      const kept = mkdtempSync(join(tmpdir(), "steward-kill-logs-"));
      cpSync(join(stack.stateDir, "logs"), kept, { recursive: true });
      console.log(`kill: the logs are in ${kept}`);
      throw error;
    } finally {
      for (const watcher of watchers) watcher.close();
      await installation.close();
      await models.stop();
    }
  },
  11 * 60_000,
);

async function countTasks(call: ReturnType<Awaited<ReturnType<typeof startInstallation>>["as"]>): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = await call("listTasks", { query: { limit: 200, ...(cursor === undefined ? {} : { cursor }) } });
    count += page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return count;
}
