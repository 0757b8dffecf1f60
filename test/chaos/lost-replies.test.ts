import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { putSecret } from "@steward/aws/secrets";
import { type Client, createClient, type Transport } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import type { Log } from "@steward/node-client/log";
import { createNodeClient } from "@steward/node-client/node-client";
import { startWorker } from "@steward/worker/worker";
import { expect, it } from "vitest";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { countEffects, endsOf, tally, told } from "../support/count-effects.ts";
import { startInstallation } from "../support/installation.ts";
import { atATime, drive, makeWishes, understand } from "../support/load.ts";
import { enrolMachine, enrolOwnAppliance, wrap } from "../support/own-appliance.ts";
import { startScriptedModels } from "../support/scripted-models.ts";
import { chooseSeed, seeded } from "../support/seeded.ts";

const taskCount = 60;
/** Of all calls: carried out, but whoever made them never hears of it. */
const lost = 0.2;
/** Of all calls: carried out twice. */
const doubled = 0.1;
/**
 * So long after the last task was accepted the network is whole again. While it is not, nobody can say when the last one
 * ends: a start takes some calls, each failure of one doubles the pause, and now and then a run waits for over a minute.
 */
const healsAfterMs = 15_000;
/** An agent's longest pause is 60 s; the rest is for what then has to be done. */
const endsAfterMs = 60_000 + 45_000;

it("replies lost after the server has executed, and calls that arrive twice: every task ends, every effect is there once", async () => {
  const random = seeded(chooseSeed());
  console.log(`lost replies: STEWARD_SEED=${random.seed}`);
  const folder = mkdtempSync(join(tmpdir(), "steward-lost-"));
  const models = await startScriptedModels({
    script: ({ prompt }) => ({ kind: "answer", json: understand(prompt), tokenMs: 2 }),
  });
  const installation = await startInstallation({
    appliances: 0,
    functionEnv: { STEWARD_ANTHROPIC_URL: models.url },
  });
  const { stack, serverCa } = installation;
  // At one beat a second a worker that is not answered twice counts as gone: then Claude is asked.
  await putSecret(installation.cloudAs("owner").secrets, installation.names.anthropicSecret, "scripted");
  const faults: string[] = [];
  const met = new Set<string>();
  let healsAtMs = Number.POSITIVE_INFINITY;
  /** The network between machines, people and the doors. */
  const network = async (name: string, send: () => Promise<unknown>) => {
    if (Date.now() >= healsAtMs) return send();
    // Each kind of call loses its first answer: whether one ever meets a fault is not left to chance.
    const dice = met.has(name) ? random.next() : doubled;
    met.add(name);
    if (dice < doubled) {
      faults.push(`${name} twice`);
      await send().catch(() => undefined);
    }
    const answer = await send();
    if (dice < doubled || dice >= doubled + lost) return answer;
    faults.push(`${name} unanswered`);
    throw new AppError("unavailable", `no answer to ${name}`, { details: { unanswered: true } });
  };

  const acme = installation.as("acme");
  const appliances = await Promise.all(
    ["one", "two", "three"].map((name) => enrolOwnAppliance(installation, acme, { name, folder })),
  );
  const said: string[] = [];
  const log: Log = (event, fields) =>
    void said.push(JSON.stringify({ at: new Date().toISOString(), event, ...fields }));
  await Promise.all(appliances.map((appliance) => appliance.start({ around: network, log })));

  const workerDir = join(folder, "worker");
  mkdirSync(workerDir, { mode: 0o700 });
  await enrolMachine(installation, installation.as("provider"), { kind: "worker", name: "gpu", stateDir: workerDir });
  const client = await createNodeClient({ stateDir: workerDir, serverCa });
  const sqs = installation.cloudAs("worker").sqs;
  sqs.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        // A received message whose reply is lost is hidden for its whole visibility timeout: that is SQS, and takes long.
        if (!["DeleteMessageCommand", "ChangeMessageVisibilityCommand"].includes(commandName ?? ""))
          return next(request);
        return (await network(`sqs.${commandName}`, () => next(request))) as Awaited<ReturnType<typeof next>>;
      },
    { step: "deserialize", priority: "low", name: "losesReplies" },
  );
  const worker = await startWorker({
    client: wrap(client, network),
    stateDir: workerDir,
    sqs,
    stage: stack.stage,
    ollamaHost: models.url,
    settings: { slots: 2 },
    log: () => undefined,
  });

  try {
    const transport: Transport = async (request) =>
      (await network("person", () => fetchTransport(request))) as Awaited<ReturnType<Transport>>;
    const person: Client = createClient({ baseUrl: stack.apiUrl, transport, headers: () => stack.headersOf("acme") });
    const wishes = makeWishes(
      taskCount,
      appliances.map(({ name }) => ({ name, tenant: "acme" })),
      random,
    );
    const untilMs = Date.now() + 360_000;
    let accepted = 0;
    const onAccepted = () => {
      accepted += 1;
      if (accepted === wishes.length) healsAtMs = Date.now() + healsAfterMs;
    };
    const driven = await atATime(16, wishes, (wish) => drive(person, wish, { untilMs, onAccepted }));
    const endedAtMs = Date.now();
    const counts = countEffects(driven, new Map(appliances.map(({ name, disk }) => [name, disk])));
    console.log(
      `lost replies: seed ${random.seed}, executor: the real one with a counting program; ${driven.length} tasks (${endsOf(driven)}); ` +
        `${faults.length} faults (${tally(faults)}); ${counts.effects} effects; ${counts.lost.length} lost, ${counts.doubled.length} doubled`,
    );
    for (const { task } of driven) {
      if (task.status === "succeeded") continue;
      const runs = (task.runs ?? []).map(({ id }) => id);
      const about = said.filter((line) => runs.some((id) => line.includes(id)));
      console.log(["lost replies:", told(task), ...about].join("\n"));
    }
    expect({ lost: counts.lost, doubled: counts.doubled, strange: counts.strange }).toEqual({
      lost: [],
      doubled: [],
      strange: [],
    });
    expect(endedAtMs - healsAtMs).toBeLessThan(endsAfterMs);
    // Nobody was killed: nothing may fail because of a lost reply.
    expect(driven.flatMap(({ task }) => (task.status === "succeeded" ? [] : [told(task)]))).toEqual([]);
    for (const call of ["startRun", "recordRun", "getEnvelope", "completeJob", "claimJob", "person"]) {
      expect(faults.some((fault) => fault.startsWith(call))).toBe(true);
    }
  } finally {
    await worker.drain(0);
    await Promise.all(appliances.map((appliance) => appliance.stop()));
    await client.close();
    await installation.close();
    await models.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 450_000);
