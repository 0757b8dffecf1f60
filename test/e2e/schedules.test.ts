import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { getSchedule, replaceSchedule } from "@steward/aws/records/schedule";
import { commit } from "@steward/aws/table";
import type { Client } from "@steward/contracts/client";
import { hasCode } from "@steward/contracts/errors";
import type { ScheduleView } from "@steward/contracts/schedule";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeProfiles } from "../../packages/local/src/cli-profiles.ts";
import { until as untilTrue } from "../../packages/node-client/test/support/until.ts";
import { countingPlaybook, readEffects } from "../support/effects.ts";
import { type Installation, startInstallation, untilEnded } from "../support/installation.ts";

/* Schedules in a whole installation: the function by its own clock and with its own rights, an appliance that verifies. */

const run = promisify(execFile);
const steward = new URL("../../packages/cli/bin/steward.js", import.meta.url).pathname;

let installation: Installation;
let acme: Client;
let target = "";
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-schedules-"));
  installation = await startInstallation({
    appliances: 2,
    executor: { program: countingPlaybook },
    scheduleSeconds: 0.5,
  });
  acme = installation.as("acme");
  const { items } = await acme("listNodes", { query: { kind: "appliance" } });
  target = items[0]?.name ?? "";
  await writeProfiles(join(folder, "profiles.json"), { acme: installation.stack.profileOf("acme") });
});
afterAll(async () => {
  await installation?.close();
  rmSync(folder, { recursive: true, force: true });
});

const look = (id: string) => acme("getSchedule", { params: { scheduleId: id }, query: {} });
const effects = () => readEffects(installation.machineDir(target)).filter(({ point }) => point === "end");

/** Moves a schedule's next due time to now: as if its hour had come. */
async function makeDue({ id, tenantId }: ScheduleView): Promise<number> {
  for (;;) {
    const before = await getSchedule(installation.table, { tenantId, scheduleId: id });
    if (before === undefined) throw new Error("no schedule");
    const dueAtMs = Date.now();
    const next = { next: { dueAtMs, fireAtMs: dueAtMs }, lookAtMs: dueAtMs, version: before.version + 1 };
    try {
      await commit(installation.table, [replaceSchedule(before, { ...before, ...next })]);
      return dueAtMs;
    } catch (error) {
      if (!hasCode(error, "conflict")) throw error;
    }
  }
}

/** The task of the due time that is to come now, at its end. */
async function nextTask(schedule: ScheduleView) {
  const dueAt = new Date(await makeDue(schedule)).toISOString();
  const note = await untilTrue("the due time is dealt with", async () =>
    (await look(schedule.id)).log.find((one) => one.dueAt === dueAt),
  );
  return { note, taskId: note.taskId ?? "" };
}

it("a schedule changes an appliance when it is due, once", async () => {
  const schedule = await acme("createSchedule", {
    body: {
      name: "add-sched",
      when: { cron: "0 3 * * *", timeZone: "Europe/Berlin" },
      steps: [{ action: "users.add", variables: { username: "sched" } }],
      targets: [target],
    },
  });
  const { note, taskId } = await nextTask(schedule);
  expect(note.outcome).toBe("started");
  expect(await untilEnded(acme, taskId)).toMatchObject({
    status: "succeeded",
    source: { kind: "schedule", id: schedule.id },
  });
  const mine = effects().filter(({ values }) => values["username"] === "sched");
  expect(mine).toHaveLength(1);
  expect((await look(schedule.id)).next[0]).toMatch(/T0[12]:00:00/);
  await acme("deleteSchedule", { params: { scheduleId: schedule.id } });
});

it("an appliance obeys a standing approval for what is not harmless, and nothing runs without one", async () => {
  const schedule = await acme("createSchedule", {
    body: {
      name: "restart",
      when: { rate: "every day" },
      steps: [{ action: "service.restart", variables: { service: "smbd" } }],
      targets: [target],
      overlap: "allow",
    },
  });
  const before = effects().length;
  const waiting = await nextTask(schedule);
  expect(waiting.note).toMatchObject({ outcome: "waits", why: expect.stringContaining("risk is medium") });
  await acme("cancelTask", { params: { taskId: waiting.taskId }, body: {} });
  expect(effects().length).toBe(before);
  const { now } = await look(schedule.id);
  await acme("approveSchedule", {
    params: { scheduleId: schedule.id },
    body: { standingHash: now?.standingHash ?? "", definitionHash: now?.definitionHash ?? "" },
  });
  const { note, taskId } = await nextTask(schedule);
  expect(note.outcome).toBe("started");
  const task = await untilEnded(acme, taskId);
  expect(task.status).toBe("succeeded");
  expect(task.approval).toBeUndefined();
  expect(effects().length).toBe(before + 1);
  await acme("deleteSchedule", { params: { scheduleId: schedule.id } });
});

async function schedule(...args: string[]): Promise<{ code: number; text: string }> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, STEWARD_CONFIG_DIR: folder };
  return run(process.execPath, [steward, "--profile", "acme", "schedule", ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: Number(error.code),
      text: `${error.stdout ?? ""}${error.stderr ?? ""}`,
    }),
  );
}

it("a file says what schedules there are; words are read once and shown as steps", async () => {
  const file = join(folder, "schedules.yaml");
  const write = (hour: string) =>
    writeFileSync(
      file,
      `version: 1\nschedules:\n  - name: disk\n    when: { cron: "0 ${hour} * * *", timeZone: Europe/Berlin }\n    targets: [all]\n    steps:\n      - { action: disk.usage, variables: {} }\n`,
    );
  write("25");
  const wrong = await schedule("apply", file, "--yes");
  expect(wrong).toMatchObject({ code: 2, text: expect.stringMatching(/schedules\.yaml:4:13.*the hour/) });
  write("3");
  expect(await schedule("diff", file)).toMatchObject({ code: 4, text: expect.stringContaining("+ disk") });
  expect((await schedule("apply", file, "--yes")).code).toBe(0);
  expect(await schedule("diff", file)).toMatchObject({ code: 0, text: expect.stringContaining("Nothing changes") });
  const words = ["every monday at 4 show disk usage", "--zone", "Europe/Berlin", "--on", "all"];
  expect(await schedule("add", "--name", "words", ...words, "--yes")).toMatchObject({
    code: 0,
    text: expect.stringMatching(/0 4 \* \* 1 \(Europe\/Berlin\)[\s\S]*disk\.usage/),
  });
  expect((await schedule("next", "words", "--count", "2")).text).toMatch(/^Mon, .*04:00.*\nMon, /);
  const pruned = await schedule("apply", file, "--prune", "--yes");
  expect(pruned).toMatchObject({ code: 0, text: expect.stringContaining("- words") });
  expect((await schedule("ls")).text).not.toContain("words");
});
