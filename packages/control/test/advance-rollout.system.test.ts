import { listAudit } from "@steward/aws/records/audit";
import { getRollout } from "@steward/aws/records/rollout";
import { listRunsOfRollout } from "@steward/aws/records/run";
import { getTask } from "@steward/aws/records/task";
import type { Table } from "@steward/aws/table";
import { envelopeSchema } from "@steward/contracts/envelope";
import { hasCode } from "@steward/contracts/errors";
import type { RolloutRequest } from "@steward/contracts/plan";
import { taskHasEnded } from "@steward/contracts/states";
import { advanceRollout } from "@steward/control/advance-rollout";
import type { Caller, NodeCaller } from "@steward/control/context";
import { getEnvelope, pendingRuns } from "@steward/control/get-envelope";
import { reconcile } from "@steward/control/reconcile";
import { recordRun } from "@steward/control/record-run";
import { startRun } from "@steward/control/start-run";
import { pauseTask, resumeTask, retryTask, undoTask } from "@steward/control/steer-rollout";
import { submitTask } from "@steward/control/submit-task";
import { wakeRollout } from "@steward/control/wake-rollout";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house.stop());

const signer = testSigner();
const ledgerIdOf = (name: string, attempt: number) =>
  `00000000-0000-4000-8000-${String(name.charCodeAt(1)).padStart(6, "0")}${String(attempt).padStart(6, "0")}`;

/** One life of the dispatcher: killed behind so many of its writes, nothing that it does after that gets out. */
function lifeOf({ killedAfter = Number.POSITIVE_INFINITY } = {}) {
  const life = { writes: 0, isOver: false };
  const { client, name } = house.table;
  const send = async (command: Parameters<typeof client.send>[0]) => {
    if (life.writes >= killedAfter) life.isOver = true;
    if (life.isOver) throw new Error("killed");
    const answer: unknown = await client.send(command);
    if (/^(?:Put|Update|TransactWrite)/.test(command.constructor.name)) life.writes += 1;
    return answer;
  };
  return { life, table: { client: { send }, name } as unknown as Table };
}

interface Play {
  person: Caller;
  taskId: string;
  rolloutId: string;
  /** What each appliance has done, in order: `apply 1`, `undo 2`. */
  effects: Record<string, string[]>;
  dispatch: (table?: Table, budgetMs?: number) => Promise<void>;
  /** Every appliance looks once for what there is to do, and does it. */
  work: (fails?: (name: string, attempt: number) => boolean, away?: string[]) => Promise<void>;
  /** Every appliance that has a command begins, and tells no end. */
  start: () => Promise<void>;
  status: () => Promise<string | undefined>;
}

async function begin(names: string[], rollout: RolloutRequest): Promise<Play> {
  const person = await house.tenant();
  const { tenantId } = person;
  const machines = new Map<string, NodeCaller>();
  for (const name of names) machines.set(name, await house.machine(tenantId, "appliance", name));
  const task = await submitTask(house, person, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: ["all"],
    mode: "apply",
    verbosity: 0,
    rollout,
  });
  const rolloutId = (await getTask(house.table, { tenantId, taskId: task.id }))?.rolloutId ?? "";
  const effects: Play["effects"] = Object.fromEntries(names.map((name) => [name, []]));
  return {
    person,
    taskId: task.id,
    rolloutId,
    effects,
    dispatch: (table = house.table, budgetMs) =>
      advanceRollout(
        { ...house, table, signer, ringSsm: async () => ({ failed: [] }) },
        { tenantId, rolloutId },
        budgetMs === undefined ? {} : { budgetMs },
      ),
    async work(fails = () => false, away = []) {
      for (const [name, node] of machines) {
        if (away.includes(name)) continue;
        for (const runId of (await pendingRuns(house, node)).runs) {
          const { payload } = await getEnvelope(house, node, { runId });
          const envelope = envelopeSchema.parse(JSON.parse(Buffer.from(payload, "base64").toString()));
          const { attempt, operation } = envelope;
          const start = { attempt, ledgerId: ledgerIdOf(name, attempt), executor: "ansible" as const };
          await startRun(house, node, { runId }, start);
          effects[name]?.push(`${operation ?? "apply"} ${attempt}`);
          const status = operation === undefined && fails(name, attempt) ? "failed" : "succeeded";
          await recordRun(house, node, { runId }, { ...start, status, steps: [] });
        }
      }
    },
    async start() {
      for (const [name, node] of machines) {
        for (const runId of (await pendingRuns(house, node)).runs) {
          await startRun(house, node, { runId }, { attempt: 1, ledgerId: ledgerIdOf(name, 1), executor: "ansible" });
        }
      }
    },
    status: async () => (await getTask(house.table, { tenantId, taskId: task.id }))?.status,
  };
}

/** The whole life of a bad change: the canary fails and is undone, it is tried again, works everywhere, and is taken back. */
async function wholeLife(killedAfter?: number): Promise<Play & { writes: number }> {
  const play = await begin(["n0", "n1"], { waves: [{ count: 1 }], undoOnFailure: true });
  const { person, taskId } = play;
  const { life, table } = lifeOf(killedAfter === undefined ? {} : { killedAfter });
  const rounds = async () => {
    for (let round = 0; round < 30 && !taskHasEnded((await play.status()) as "running"); round += 1) {
      try {
        await play.dispatch(life.isOver ? house.table : table);
      } catch (error) {
        if (!life.isOver) throw error;
      }
      await play.work((_, attempt) => attempt === 1 && Object.values(play.effects).flat().length === 1);
    }
  };
  await rounds();
  await retryTask(house, person, { taskId });
  await rounds();
  await undoTask(house, person, { taskId }, {});
  await rounds();
  return { ...play, writes: life.writes };
}

/** What each appliance has done, whichever was first. */
const inOrder = (effects: Record<string, string[]>): string[][] =>
  Object.values(effects).toSorted((a, b) => a.join().localeCompare(b.join()));

it("a dispatcher that is killed behind any of its writes is gone on from exactly there", async () => {
  const undisturbed = await wholeLife();
  const expected = inOrder(undisturbed.effects);
  // The canary: its failure, the undo of it, the second try, the undo that a person asked for. The other: never the first.
  expect(expected.map((list) => list.map((effect) => effect.split(" ")[0]))).toEqual([
    ["apply", "undo", "apply", "undo"],
    ["apply", "undo"],
  ]);
  expect(undisturbed.writes).toBeGreaterThan(20);
  const points = Array.from({ length: undisturbed.writes }, (_, at) => at);
  const atOnce = 6;
  for (let start = 0; start < points.length; start += atOnce) {
    await Promise.all(
      points.slice(start, start + atOnce).map(async (killedAfter) => {
        const { person, effects, rolloutId, taskId } = await wholeLife(killedAfter);
        const { tenantId } = person;
        expect([killedAfter, inOrder(effects)]).toEqual([killedAfter, expected]);
        const task = await getTask(house.table, { tenantId, taskId });
        expect(task?.result).toMatchObject({ undone: true, counts: { undone: 2 } });
        const runs = await listRunsOfRollout(house.table, { tenantId, rolloutId });
        expect(runs.map((run) => run.status)).toEqual(["undone", "undone"]);
        // One command for each attempt, whoever made it.
        const { items } = await listAudit(house.table, tenantId, { limit: 200 });
        const sent = items.filter(({ entry }) => entry.what === "send-run").length;
        expect(sent).toBe(Object.values(effects).flat().length);
      }),
    );
  }
}, 120_000);

it("what one call has no time for is the next one's, and nothing is done twice", async () => {
  const play = await begin(["n0", "n1", "n2", "n3"], { waves: [{ percent: 100 }] });
  let calls = 0;
  const message = { queue: "rollouts", body: { tenantId: play.person.tenantId, rolloutId: play.rolloutId } };
  for (; (await play.status()) === "running" && calls < 40; calls += 1) {
    house.sent.length = 0;
    await play.dispatch(house.table, 0);
    // No time at all: it decides, stores, and asks for the next call.
    const own = house.sent.filter(({ body }) => JSON.stringify(body).includes(play.rolloutId));
    if (own.length > 0) expect(own).toEqual([message]);
    // More each time: at first what one call has time for is cut, and in the end there is time on any machine.
    await play.dispatch(house.table, 15 * (calls + 1));
    await play.work();
  }
  expect(await play.status()).toBe("succeeded");
  expect(Object.values(play.effects)).toEqual([["apply 1"], ["apply 1"], ["apply 1"], ["apply 1"]]);
});

it("dispatchers at one time send each run once", async () => {
  const play = await begin(["n0", "n1", "n2"], { waves: [{ percent: 100 }] });
  await Promise.all([play.dispatch(), play.dispatch(), play.dispatch(), play.dispatch()]);
  const { items } = await listAudit(house.table, play.person.tenantId, { limit: 200 });
  expect(items.filter(({ entry }) => entry.what === "send-run")).toHaveLength(3);
});

it("dispatchers at one time send to no more than may be at it, and stop at no place that is free", async () => {
  const names = ["n0", "n1", "n2", "n3"];
  const play = await begin(names, { waves: [{ percent: 100 }], maxConcurrency: 1 });
  const key = { tenantId: play.person.tenantId, rolloutId: play.rolloutId };
  for (let done = 0; done < names.length; done += 1) {
    await Promise.all([play.dispatch(), play.dispatch(), play.dispatch(), play.dispatch()]);
    const atIt = (await listRunsOfRollout(house.table, key)).filter(({ status }) => status === "sent");
    // They mean the same run: it is one, and not one for each of them.
    expect(atIt).toHaveLength(1);
    await play.work();
  }
  await play.dispatch();
  expect(await play.status()).toBe("succeeded");
  expect(Object.values(play.effects)).toEqual(names.map(() => ["apply 1"]));
});

it("a place that an appliance takes that was away is not a dispatcher's any more, however near they are", async () => {
  const play = await begin(["n0", "n1", "n2"], { waves: [{ percent: 100 }], maxConcurrency: 1 });
  const key = { tenantId: play.person.tenantId, rolloutId: play.rolloutId };
  await play.dispatch();
  house.passTime(11 * 60_000);
  const { client, name } = house.table;
  let isBack = false;
  // Behind the last thing that the dispatcher reads, before the first command that it stores.
  const send = async (command: Parameters<typeof client.send>[0]) => {
    if (!isBack && JSON.stringify(command.input).includes("#ENVELOPE")) {
      isBack = true;
      await play.start();
    }
    return client.send(command) as Promise<unknown>;
  };
  await play.dispatch({ client: { send }, name } as unknown as Table);
  expect(isBack).toBe(true);
  const statuses = (await listRunsOfRollout(house.table, key)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual(["pending", "pending", "running"]);
});

it("nothing more is sent from the pause on, what was sent goes on, and a resumption goes on", async () => {
  const play = await begin(["n0", "n1", "n2"], { waves: [{ count: 1 }] });
  const { person, taskId, rolloutId } = play;
  await play.dispatch();
  const paused = await pauseTask(house, person, { taskId }, { reason: "lunch" });
  expect(paused.rollout).toMatchObject({ status: "paused", paused: { by: person.principal.id, reason: "lunch" } });
  const key = { tenantId: person.tenantId, rolloutId };
  const { version } = (await getRollout(house.table, key)) ?? {};
  await pauseTask(house, person, { taskId }, { reason: "again" });
  expect((await getRollout(house.table, key))?.version).toBe(version);
  for (let round = 0; round < 3; round += 1) {
    await play.work();
    await play.dispatch();
  }
  expect(Object.values(play.effects).flat()).toEqual(["apply 1"]);
  const resumed = await resumeTask(house, person, { taskId });
  expect(resumed.rollout?.paused).toBeUndefined();
  for (let round = 0; round < 3; round += 1) {
    await play.dispatch();
    await play.work();
  }
  await play.dispatch();
  expect(await play.status()).toBe("succeeded");
  await expect(pauseTask(house, person, { taskId }, {})).rejects.toThrow(
    /has ended \(succeeded\): there is nothing to pause/,
  );
  await expect(retryTask(house, person, { taskId })).rejects.toSatisfy((error) => hasCode(error, "unprocessable"));
});

it("a pause that comes while a wave is being sent stops it, however late", async () => {
  const play = await begin(["n0", "n1", "n2"], { waves: [{ percent: 100 }] });
  const { client, name } = house.table;
  let isPaused = false;
  // Behind the last thing that the dispatcher reads, before the first command that it stores.
  const send = async (command: Parameters<typeof client.send>[0]) => {
    if (!isPaused && JSON.stringify(command.input).includes("#ENVELOPE")) {
      isPaused = true;
      await pauseTask(house, play.person, { taskId: play.taskId }, {});
    }
    return client.send(command) as Promise<unknown>;
  };
  await play.dispatch({ client: { send }, name } as unknown as Table);
  expect(isPaused).toBe(true);
  await play.work();
  expect(Object.values(play.effects).flat()).toEqual([]);
});

it("an appliance that stays away keeps its command until the plan expires, and then the rollout ends without it", async () => {
  const play = await begin(["n0", "n1"], { waves: [{ percent: 100 }], errorBudget: { percent: 100 } });
  await play.dispatch();
  await play.work(undefined, ["n1"]);
  await play.dispatch();
  const { tenantId } = play.person;
  const statuses = async () =>
    (await listRunsOfRollout(house.table, { tenantId, rolloutId: play.rolloutId })).map((run) => run.status).toSorted();
  expect(await statuses()).toEqual(["sent", "succeeded"]);
  house.passTime(24 * 3_600_000);
  await reconcile(house);
  await play.dispatch();
  expect(await statuses()).toEqual(["expired", "succeeded"]);
  expect(taskHasEnded((await play.status()) as "running")).toBe(true);
  expect(play.effects).toEqual({ n0: ["apply 1"], n1: [] });
});

it("of many results that come together one makes the rollout be looked at, after all of them", async () => {
  const run = { tenantId: (await house.tenant()).tenantId, rolloutId: "rol_01jd0000000000000000000000" };
  const delays: (number | undefined)[] = [];
  const deps = {
    ...house,
    queues: {
      ...house.queues,
      send: async (_queue: string, _body: object, options: { delaySeconds?: number } = {}) => {
        delays.push(options.delaySeconds);
      },
    },
  };
  for (let result = 0; result < 20; result += 1) await wakeRollout(deps, { ...run, of: 5_000 });
  expect(delays).toEqual([5]);
  house.passTime(5_000);
  await wakeRollout(deps, { ...run, of: 5_000 });
  expect(delays).toEqual([5, 5]);
  // Of a few each is a reason.
  for (let result = 0; result < 3; result += 1) await wakeRollout(deps, { ...run, of: 4 });
  expect(delays.slice(2)).toEqual([undefined, undefined, undefined]);
});
