import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listAudit } from "@steward/aws/records/audit";
import type { Client } from "@steward/contracts/client";
import type { RolloutRequest } from "@steward/contracts/plan";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, beforeAll, expect, it } from "vitest";
import { countingPlaybook, readEffects } from "../support/effects.ts";
import { type Installation, problemOf, startInstallation, until, untilEnded } from "../support/installation.ts";

// Rollouts through every part, with what was done counted on the appliances' disks.

/** The first is the canary; two sites. */
const names = ["acme-berlin-01", "acme-berlin-02", "acme-hamburg-01", "acme-hamburg-02"];
const canary = "acme-berlin-01";
let installation: Installation;
let acme: Client;
let users = 0;

beforeAll(async () => {
  installation = await startInstallation({ appliances: 12, executor: { program: countingPlaybook } });
  acme = installation.as("acme");
});
afterAll(() => installation?.close());

function submit(rollout: RolloutRequest): Promise<TaskView> {
  users += 1;
  const steps = [{ action: "users.add", variables: { username: `rolled${users}` } }];
  return acme("submitTask", { body: { steps, targets: ["all"], rollout } });
}
const disk = (name: string) => installation.machineDir(name);
const set = (name: string, file: "fail" | "hang") => writeFileSync(join(disk(name), file), "");
const clear = (name: string, file: "fail" | "hang") => rmSync(join(disk(name), file), { force: true });

/** What was begun for the task, by appliance: `do`, `undo`. */
async function effectsOf(taskId: string): Promise<Record<string, string[]>> {
  const { items } = await acme("listRuns", { params: { taskId }, query: {} });
  return Object.fromEntries(
    names.map((name) => {
      const runId = items.find((run) => run.applianceName === name)?.id;
      const begun = readEffects(disk(name)).filter(({ point, run }) => point === "start" && run === runId);
      return [name, begun.map(({ undo }) => (undo ? "undo" : "do"))];
    }),
  );
}
const nothing = Object.fromEntries(names.map((name) => [name, [] as string[]]));

it("a bad change touches the canary and nobody else, and is undone there; tried again it goes everywhere, and is taken back", async () => {
  set(canary, "fail");
  const rollout = { waves: [{ ring: "canary" }], undoOnFailure: true };
  const { id } = await submit(rollout);
  const failed = await untilEnded(acme, id, 60_000);
  expect(failed).toMatchObject({ status: "failed", result: { stopped: "canary" }, rollout: { stopped: { wave: 1 } } });
  expect(failed.waves?.map(({ wave, total }) => [wave, total])).toEqual([
    [1, 1],
    [2, 3],
  ]);
  expect(failed.waves?.[1]?.counts).toEqual({ cancelled: 3 });
  expect(await effectsOf(id)).toEqual({ ...nothing, [canary]: ["do", "undo"] });

  clear(canary, "fail");
  const params = { taskId: id };
  const again = await acme("retryTask", { params });
  expect(again).toMatchObject({ status: "running", rollout: { round: 1 } });
  // Said again, it is said once.
  expect((await acme("retryTask", { params })).rollout?.round).toBe(1);
  expect(await untilEnded(acme, id, 60_000)).toMatchObject({
    status: "succeeded",
    result: { counts: { succeeded: 4 } },
  });
  const there = Object.fromEntries(names.map((name) => [name, ["do"]]));
  expect(await effectsOf(id)).toEqual({ ...there, [canary]: ["do", "undo", "do"] });

  await acme("undoTask", { params, body: { reason: "the wrong site" } });
  expect(await untilEnded(acme, id, 60_000)).toMatchObject({ result: { undone: true, counts: { undone: 4 } } });
  const back = Object.fromEntries(names.map((name) => [name, ["do", "undo"]]));
  expect(await effectsOf(id)).toEqual({ ...back, [canary]: ["do", "undo", "do", "undo"] });
  const { items } = await listAudit(installation.table, installation.tenantId("acme"), { limit: 200 });
  const said = items.map(({ entry }) => entry).filter(({ record }) => record === id);
  expect(
    said
      .map(({ what }) => what)
      .filter((what) => /^(retry|undo)-task$/.test(what))
      .toSorted(),
  ).toEqual(["retry-task", "undo-task"]);
  const { code } = await problemOf(acme("undoTask", { params, body: {} }));
  expect(["unprocessable", "invalid_transition"]).toContain(code);
}, 150_000);

it("a wave waits for a person's word; a pause lets nothing new begin; what is resumed can still be cancelled", async () => {
  const { id } = await submit({ waves: [{ count: 1 }, { count: 1 }], confirmWaves: "each" });
  const params = { taskId: id };
  const waits = await until(acme, id, (task) => task.rollout?.paused?.afterWave === 1, 60_000);
  const begun = async () => Object.values(await effectsOf(id)).flat().length;
  expect([waits.status, await begun()]).toEqual(["running", 1]);
  await acme("pauseTask", { params, body: {} });
  await acme("resumeTask", { params });
  const second = await until(acme, id, (task) => task.rollout?.paused?.afterWave === 2, 60_000);
  expect([second.waves?.[1]?.counts, await begun()]).toEqual([{ succeeded: 1 }, 2]);
  await acme("cancelTask", { params, body: { reason: "enough" } });
  expect(await untilEnded(acme, id, 60_000)).toMatchObject({
    status: "cancelled",
    result: { counts: { succeeded: 2, cancelled: 2 } },
  });
  expect(await begun()).toBe(2);
  expect((await problemOf(acme("resumeTask", { params }))).message).toContain("there is nothing to resume");
}, 150_000);

it("an appliance that hangs keeps no other waiting", async () => {
  set(canary, "hang");
  try {
    const { id } = await submit({ waves: [{ percent: 100 }], maxConcurrency: 2 });
    // The one that hangs may be the last to begin; the others end while it has not.
    const statusOf = (task: TaskView) => task.runs?.find((run) => run.applianceName === canary)?.status;
    await until(acme, id, (task) => task.waves?.[0]?.counts.succeeded === 3 && statusOf(task) === "running", 60_000);
    clear(canary, "hang");
    expect(await untilEnded(acme, id, 60_000)).toMatchObject({
      status: "succeeded",
      result: { counts: { succeeded: 4 } },
    });
  } finally {
    clear(canary, "hang");
  }
}, 150_000);

it("runs are listed page by page, by wave and by status", async () => {
  const { id } = await submit({ waves: [{ count: 1 }] });
  await untilEnded(acme, id, 60_000);
  const params = { taskId: id };
  const first = await acme("listRuns", { params, query: { limit: 3 } });
  const second = await acme("listRuns", { params, query: { limit: 3, cursor: first.cursor ?? "" } });
  expect([first.items.length, second.items.length, second.cursor]).toEqual([3, 1, undefined]);
  expect(new Set([...first.items, ...second.items].map((run) => run.applianceName))).toEqual(new Set(names));
  expect((await acme("listRuns", { params, query: { wave: 2 } })).items).toHaveLength(3);
  expect((await acme("listRuns", { params, query: { status: "failed" } })).items).toEqual([]);
}, 150_000);
