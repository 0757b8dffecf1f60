import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { createClient } from "@steward/contracts/client";
import { advanceRollout } from "@steward/control/advance-rollout";
import { getEnvelope, pendingRuns } from "@steward/control/get-envelope";
import { recordRun } from "@steward/control/record-run";
import { startRun } from "@steward/control/start-run";
import { submitTask } from "@steward/control/submit-task";
import { functionDefinitions } from "@steward/functions/definitions";
import { fetchTransport } from "@steward/local/fetch-transport";
import { startSteward } from "@steward/local/stack";
import { openHouse, takeOne } from "../../packages/control/test/support/house.ts";
import { prices } from "./prices.ts";
import { type Figure, percentile } from "./report.ts";

const rounds = 12;
const intervalSeconds = 5;
const million = 1_000_000;

/** How long each doorbell takes until its run starts, and what the run costs, side by side. */
export async function benchDoorbells(): Promise<Figure[]> {
  return [...(await timesToStart()), ...(await costsOfRun())];
}

async function timesToStart(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "steward-bench-doorbells-"));
  const stack = await startSteward({
    stateDir: join(folder, "state"),
    appliances: 9,
    executor: "simulate",
    troubles: false,
    heartbeatIntervalSeconds: intervalSeconds,
    reconcileSeconds: 60,
    sweepSeconds: 60,
  });
  try {
    const tenant = stack.tenants[0];
    if (tenant === undefined) throw new Error("no tenant");
    const call = createClient({
      baseUrl: stack.apiUrl,
      transport: fetchTransport,
      headers: () => stack.headersOf(tenant.slug),
    });
    const { items } = await call("listNodes", { query: { kind: "appliance" } });
    const times: Record<"pull" | "ssm", number[]> = { pull: [], ssm: [] };
    for (let round = 0; round < rounds; round += 1) {
      // At no fixed place in the interval: the next submission follows the slower of the two.
      await Promise.all(
        (["pull", "ssm"] as const).map(async (doorbell) => {
          const target = items.find((node) => node.doorbell === doorbell)?.name;
          if (target === undefined) throw new Error(`no appliance with the doorbell ${doorbell}`);
          const steps = [{ action: "system.ping", variables: {} }];
          let task = await call("submitTask", { body: { steps, targets: [target] } });
          while (task.runs?.[0]?.startedAt === undefined) {
            task = await call("getTask", { params: { taskId: task.id }, query: { wait: 20, since: task.version } });
          }
          times[doorbell].push(Date.parse(task.runs[0].startedAt) - Date.parse(task.createdAt));
        }),
      );
    }
    return (["pull", "ssm"] as const).flatMap((doorbell) => {
      const how =
        doorbell === "pull"
          ? `${rounds} runs; heartbeats every ${intervalSeconds} s here: half an interval, and at most one with its jitter`
          : `${rounds} runs; Run Command of the local cloud, whose agent polls as AWS's does`;
      return [
        { name: `accepted to run start, ${doorbell}, p50`, value: percentile(times[doorbell], 0.5), unit: "ms", how },
        { name: `accepted to run start, ${doorbell}, max`, value: Math.max(...times[doorbell]), unit: "ms", how },
      ];
    });
  } finally {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the use cases of one run consume, from the accepted task to the recorded result; request and invocation priced on top. */
async function costsOfRun(): Promise<Figure[]> {
  const house = await openHouse();
  try {
    let units = { read: 0, write: 0 };
    house.table.client.middlewareStack.add(
      (next) => async (args) => {
        Object.assign(args.input, { ReturnConsumedCapacity: "TOTAL" });
        const answer = await next(args);
        const { ConsumedCapacity: consumed } = answer.output as { ConsumedCapacity?: Consumed | Consumed[] };
        const kind = isWrite(args.input) ? "write" : "read";
        for (const { CapacityUnits = 0 } of [consumed ?? []].flat()) units[kind] += CapacityUnits;
        return answer;
      },
      { step: "initialize", name: "meter" },
    );
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const spki = publicKey.export({ format: "der", type: "spki" });
    const key = {
      keyId: sha256Hex(spki),
      publicKey: spki,
      sign: async (bytes: Uint8Array) => sign("sha256", bytes, privateKey),
    };
    const person = await house.tenant();
    const figures: Figure[] = [];
    for (const doorbell of ["pull", "ssm"] as const) {
      const machine = await house.machine(person.tenantId, "appliance", doorbell);
      const node = await getNode(house.table, { tenantId: person.tenantId, nodeId: machine.nodeId });
      if (node === undefined) throw new Error("no node");
      await commit(house.table, [replaceNode(node, { ...node, doorbell, version: node.version + 1 })]);
      units = { read: 0, write: 0 };
      let rings = 0;
      const advance = async () => {
        const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
        const ringSsm = async (nodeIds: string[]) => {
          rings += nodeIds.length;
          return { failed: [] };
        };
        await advanceRollout({ ...house, signer: { key: async () => key }, ringSsm }, message);
      };
      const steps = [{ action: "disk.usage", variables: {} }];
      await submitTask(house, person, { steps, targets: [doorbell], mode: "apply", verbosity: 0 });
      await advance();
      const [runId = ""] = (await pendingRuns(house, machine)).runs;
      await getEnvelope(house, machine, { runId });
      const start = { attempt: 1, ledgerId: randomUUID(), executor: "ansible" } as const;
      await startRun(house, machine, { runId }, start);
      const done = [{ action: "disk.usage", status: "succeeded" as const, changed: 0, durationMs: 100 }];
      await recordRun(house, machine, { runId }, { ...start, status: "succeeded", steps: done });
      await advance();
      // The request, two of the dispatcher, and the appliance's calls: pending runs, envelope, start, result.
      const requests = 5;
      const invocations = requests + 2;
      const gbSeconds = invocations * 0.05 * (functionDefinitions.nodes.memoryMb / 1024);
      const usd =
        (requests * prices.httpApiPerMillion +
          invocations * prices.lambdaPerMillion +
          units.write * prices.dynamoWritePerMillion +
          units.read * prices.dynamoReadPerMillion +
          6 * prices.sqsPerMillion) /
          million +
        gbSeconds * prices.lambdaPerGbSecond;
      const how = `${units.write} write and ${units.read} read units metered of the use cases; ${requests} requests, ${invocations} invocations of 50 ms, 6 calls of SQS, ${rings} commands of SSM (free below 1,000 machines)`;
      figures.push({ name: `a thousand runs, ${doorbell}`, value: usd * 1_000, unit: "$", how });
    }
    return figures;
  } finally {
    await house.stop();
  }
}

function isWrite(input: object): boolean {
  return "TransactItems" in input || "Item" in input || "UpdateExpression" in input;
}

interface Consumed {
  CapacityUnits?: number;
}
