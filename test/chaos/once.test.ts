import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { ringBySsm } from "@steward/aws/run-command";
import { canonicalHash } from "@steward/contracts/canonical";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { RouteName } from "@steward/contracts/routes";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { until as untilTrue } from "../../packages/node-client/test/support/until.ts";
import { countingPlaybook, readEffects } from "../support/effects.ts";
import { type Installation, problemOf, startInstallation, until, untilEnded } from "../support/installation.ts";
import { enrolOwnAppliance, type OwnAppliance } from "../support/own-appliance.ts";

// Everything may be asked for twice, and happens once. Counted on the appliance's disk by the program that takes the
// place of ansible-playbook; the executor around it is the real one.

/** Rung by SSM. */
const rung = "birch-london-01";
let installation: Installation;
let acme: Client;
let birch: Client;
let folder = "";
let own: OwnAppliance | undefined;
let users = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-once-"));
  installation = await startInstallation({
    appliances: 2,
    separateAgents: true,
    executor: { program: countingPlaybook },
  });
  acme = installation.as("acme");
  birch = installation.as("birch");
});
afterEach(async () => {
  await own?.stop();
  own = undefined;
});
afterAll(async () => {
  await installation?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function newAppliance(): Promise<OwnAppliance> {
  users += 1;
  own = await enrolOwnAppliance(installation, acme, { name: `own-${users}`, folder });
  return own;
}

/** Adds a user on it. Of low risk and in explicit steps: nobody has to approve. */
function addUser(call: Client, target: string): Promise<TaskView> {
  users += 1;
  const steps = [{ action: "users.add", variables: { username: `once${users}` } }];
  return call("submitTask", { body: { steps, targets: [target] } });
}

/** Steps that began there for the task, and those that ended. */
function effectsOf(task: TaskView, disk: string): string[] {
  const runs = new Set(task.runs?.map(({ id }) => id));
  return readEffects(disk).flatMap(({ run, point }) => (runs.has(run) ? [point] : []));
}
const once = ["start", "end"];

const runOf = (task: TaskView) => {
  const run = task.runs?.[0];
  if (run === undefined) throw new Error(`the task has no run: ${JSON.stringify(task)}`);
  return run;
};
const runIsSent = (call: Client, task: TaskView): Promise<TaskView> =>
  until(call, task.id, (seen) => seen.runs?.[0]?.status === "sent");

/** Remembers the calls that were answered, and lets a test interfere with one of them. */
function listen(interfere: Partial<Record<RouteName, (send: () => Promise<unknown>) => Promise<unknown>>> = {}) {
  const asked: RouteName[] = [];
  const answered: RouteName[] = [];
  return {
    /** How often it was called, whatever came of it; `count`: how often it was answered. */
    asked: (name: RouteName) => asked.filter((one) => one === name).length,
    count: (name: RouteName) => answered.filter((one) => one === name).length,
    around: async (name: RouteName, send: () => Promise<unknown>) => {
      asked.push(name);
      const answer = await (interfere[name]?.(send) ?? send());
      answered.push(name);
      return answer;
    },
  };
}

/** Rings the agent and waits until it has looked for runs and dealt with what it found. */
async function lookAgain(agent: { ring(): Promise<void>; beat(): Promise<unknown> }, calls: ReturnType<typeof listen>) {
  await agent.beat();
  const before = calls.count("pendingRuns");
  await agent.ring();
  await untilTrue("the agent has looked", () => calls.count("pendingRuns") > before);
}

const lostReply = () =>
  new AppError("unavailable", "the reply was lost", { details: { unanswered: true }, retryable: true });

describe("the doorbell", () => {
  /** A task for an appliance that stands still until all that the test does has been done. */
  async function whileAsleep(act: (task: TaskView) => Promise<void>): Promise<TaskView> {
    const pid = installation.stack.pids()[`agent:${rung}`];
    if (pid === undefined) throw new Error(`${rung} does not run`);
    process.kill(pid, "SIGSTOP");
    try {
      const task = await runIsSent(birch, await addUser(birch, rung));
      await act(task);
      return task;
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }
  const ring = (task: TaskView, ssm = installation.cloudAs("dispatch").ssmOnce) =>
    ringBySsm({
      ssm,
      document: installation.names.wakeDocument,
      nodeIds: [runOf(task).applianceId],
      rolloutId: `rol_${runOf(task).id.slice(4, -4)}`,
    });

  it("rung five times at once, and five times after the end: one effect", async () => {
    const task = await whileAsleep(async (sent) => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => ring(sent)));
      expect(answers.every((answer) => answer.rung.length === 1)).toBe(true);
    });
    const ended = await untilEnded(birch, task.id);
    expect(ended.status).toBe("succeeded");
    for (let time = 0; time < 5; time += 1) await ring(ended);
    // The appliance goes on to the next thing: whatever the late rings led to is over by then.
    expect((await untilEnded(birch, (await addUser(birch, rung)).id)).status).toBe("succeeded");
    expect(effectsOf(ended, installation.machineDir(rung))).toEqual(once);
  });

  it("rung, its reply lost, and rung again: one effect", async () => {
    const { ssmOnce } = installation.cloudAs("dispatch");
    let lost = 0;
    ssmOnce.middlewareStack.add(
      (next) => async (request) => {
        const answer = await next(request);
        lost += 1;
        if (lost > 1) return answer;
        throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET", name: "TimeoutError" });
      },
      { step: "deserialize", priority: "low", name: "losesReplies" },
    );
    const task = await whileAsleep(async (sent) => {
      expect((await ring(sent, ssmOnce)).failed).toHaveLength(1);
      expect((await ring(sent, ssmOnce)).rung).toHaveLength(1);
    });
    const ended = await untilEnded(birch, task.id);
    expect(ended.status).toBe("succeeded");
    expect(effectsOf(ended, installation.machineDir(rung))).toEqual(once);
  });
});

describe("an agent", () => {
  it("that fetches the envelope twice gets the same one, and runs it once", async () => {
    const appliance = await newAppliance();
    const envelopes: unknown[] = [];
    const calls = listen({
      getEnvelope: async (send) => {
        envelopes.push(await send(), await send());
        return envelopes.at(-1);
      },
    });
    await appliance.start(calls);
    const ended = await untilEnded(acme, (await addUser(acme, appliance.name)).id);
    expect(ended.status).toBe("succeeded");
    expect(envelopes).toHaveLength(2);
    expect(envelopes[0]).toEqual(envelopes[1]);
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
  });

  it("that asks for the start twice at once, and again because the reply is lost, gets one answer and runs once", async () => {
    const appliance = await newAppliance();
    const answers: unknown[] = [];
    const calls = listen({
      startRun: async (send) => {
        answers.push(...(await Promise.all([send(), send()])));
        if (answers.length <= 2) throw lostReply();
        return answers.at(-1);
      },
    });
    await appliance.start(calls);
    const ended = await untilEnded(acme, (await addUser(acme, appliance.name)).id, 40_000);
    expect(ended.status).toBe("succeeded");
    expect(answers).toHaveLength(4);
    const [first] = answers as { startedAtMs: number; deadlineMs: number }[];
    for (const answer of answers) {
      expect(answer).toMatchObject({ startedAtMs: first?.startedAtMs, deadlineMs: first?.deadlineMs });
    }
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
  });

  it("whose result's reply is lost reports it again; the task ends once", async () => {
    const appliance = await newAppliance();
    let lost = 0;
    const calls = listen({
      recordRun: async (send) => {
        const answer = await send();
        lost += 1;
        if (lost <= 2) throw lostReply();
        return answer;
      },
    });
    const agent = await appliance.start(calls);
    const ended = await untilEnded(acme, (await addUser(acme, appliance.name)).id);
    await untilTrue("the result is taken", () => calls.count("recordRun") === 1, 20_000);
    expect(ended.status).toBe("succeeded");
    await untilTrue("nothing is left to report", () => agent.status().unreported === 0);
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
  });

  it("whose disk was copied: of two that ask at once, each with a ledger of its own, one runs", async () => {
    const appliance = await newAppliance();
    const copy = appliance.snapshot();
    let waiting: (() => void)[] = [];
    /** Both have written their ledgers before either asks. */
    const together = async (send: () => Promise<unknown>) => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length < 2) return;
        for (const go of waiting) go();
        waiting = [];
      });
      return send();
    };
    const calls = listen({ startRun: together });
    const copied = listen({ startRun: together });
    const agents = [
      await appliance.start(calls),
      await appliance.start({ ...copied, stateDir: copy, disk: appliance.disk }),
    ];
    const task = await addUser(acme, appliance.name);
    await Promise.all(agents.map((agent) => agent.beat()));
    const ended = await untilEnded(acme, task.id);
    expect(ended.status).toBe("succeeded");
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
    expect(calls.count("startRun") + copied.count("startRun")).toBe(1);
  });
});

describe("a restored ledger", () => {
  it("from before the run does not run it again, and nobody may start it", async () => {
    const appliance = await newAppliance();
    const before = appliance.snapshot();
    const first = await appliance.start();
    const ended = await untilEnded(acme, (await addUser(acme, appliance.name)).id);
    expect(ended.status).toBe("succeeded");
    await first.close();
    appliance.restore(before);

    const calls = listen({
      // Even if the server named it again.
      pendingRuns: async (send) => {
        const { runs } = (await send()) as { runs: string[] };
        return { runs: [...runs, runOf(ended).id] };
      },
    });
    const agent = await appliance.start(calls);
    await lookAgain(agent, calls);
    // What has ended is asked for again, for it may come back as another attempt; it gets no command.
    await untilTrue("the agent has asked for it twice", () => calls.asked("getEnvelope") > 1);
    await agent.close();
    expect(calls.count("startRun")).toBe(0);
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
  });

  it("from the moment before the start does not run it again after its end", async () => {
    const appliance = await newAppliance();
    let before = "";
    const calls = listen({
      startRun: (send) => {
        before = appliance.snapshot();
        return send();
      },
    });
    const first = await appliance.start(calls);
    const ended = await untilEnded(acme, (await addUser(acme, appliance.name)).id);
    expect(ended.status).toBe("succeeded");
    await first.close();
    appliance.restore(before);

    const again = listen();
    const agent = await appliance.start(again);
    await lookAgain(agent, again);
    await untilTrue("the agent has asked for it", () => again.asked("getEnvelope") > 0);
    await agent.close();
    expect(again.count("startRun")).toBe(0);
    expect(effectsOf(ended, appliance.disk)).toEqual(once);
  });

  it("from before a run that is still going on does not run it beside itself", async () => {
    const appliance = await newAppliance();
    const before = appliance.snapshot();
    const first = listen();
    const agent = await appliance.start(first);
    const task = await addUser(acme, appliance.name);
    await untilTrue("it began", () => readEffects(appliance.disk).length > 0);
    // The machine is cut off in the middle: nothing of this life is reported.
    await agent.close();
    appliance.restore(before);

    const calls = listen({
      pendingRuns: async () => ({ runs: [runOf(await acme("getTask", { params: { taskId: task.id } })).id] }),
    });
    const restored = await appliance.start(calls);
    await lookAgain(restored, calls);
    await untilTrue("the agent has refused it", () => restored.status().refusals[0]);
    await restored.close();
    const seen = await acme("getTask", { params: { taskId: task.id } });
    expect(calls.count("startRun")).toBe(0);
    expect(effectsOf(seen, appliance.disk).filter((point) => point === "start")).toHaveLength(1);
    expect(await startAgain(appliance, seen)).toMatchObject({ code: "stale_attempt" });
  });

  async function startAgain(appliance: OwnAppliance, task: TaskView): Promise<AppError> {
    const { createNodeClient } = await import("@steward/node-client/node-client");
    const machine = await createNodeClient({ stateDir: appliance.stateDir, serverCa: installation.serverCa });
    const body = { attempt: 1, ledgerId: crypto.randomUUID(), executor: "ansible" } as const;
    const problem = await problemOf(machine.call("startRun", { params: { runId: runOf(task).id }, body }));
    await machine.close();
    return problem;
  }
});

describe("a request", () => {
  it("that was carried out and killed before its answer was kept: the repetition finds the task and makes no other", async () => {
    const idempotencyKey = "killed-before-its-answer";
    users += 1;
    const steps = [{ action: "users.add", variables: { username: `once${users}` } }];
    const submit = () => birch("submitTask", { body: { steps, targets: [rung] }, idempotencyKey });
    const first = await submit();
    expect((await submit()).id).toBe(first.id);
    // What a kill between the task's commit and the answer's leaves behind, some seconds later.
    const tenantId = installation.tenantId("birch");
    const scope = { tenantId, personId: first.requestedBy.id, routeId: "submitTask", key: idempotencyKey };
    await installation.table.client.send(
      new UpdateCommand({
        TableName: installation.table.name,
        Key: { pk: `T#${tenantId}#IDEMPOTENCY#${canonicalHash(scope)}`, sk: "IDEMPOTENCY" },
        UpdateExpression: "SET startedAtMs = :long REMOVE answer",
        ConditionExpression: "attribute_exists(answer)",
        ExpressionAttributeValues: { ":long": Date.now() - 10_000 },
      }),
    );
    const again = await submit();
    expect(again.id).toBe(first.id);
    const ended = await untilEnded(birch, first.id);
    expect(ended.status).toBe("succeeded");
    const { items } = await birch("listTasks", { query: { limit: 200 } });
    expect(items.filter(({ plan }) => plan?.steps[0]?.variables["username"] === `once${users}`)).toHaveLength(1);
    expect(effectsOf(ended, installation.machineDir(rung))).toEqual(once);
  });
});
