import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListCommandsCommand } from "@aws-sdk/client-ssm";
import { type Clients, createClients } from "@steward/aws/clients";
import { createPresence, getPresence } from "@steward/aws/records/presence";
import { ringBySsm } from "@steward/aws/run-command";
import { commit, type Table } from "@steward/aws/table";
import { newId, runIdOf } from "@steward/contracts/ids";
import type { Meter } from "@steward/contracts/metrics";
import { resourceNames } from "@steward/contracts/names";
import { type Doorbell, pullDoorbell, ssmDoorbell } from "@steward/control/doorbell";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aPresence } from "../../packages/aws/test/support/states.ts";

/*
 * What every doorbell promises, held against each: the one that only the heartbeat answers, SSM Run Command by its real
 * client, and SSM where it takes some of them, none, or is not there.
 */

const stage = "doorbells";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-doorbells-"));
const credential = {
  accessKeyId: "LOCALDOORBELLTEST",
  secretAccessKey: "doorbell-test-secret-0123456789",
  principal: "doorbell-test",
  grants: [{ actions: ["*"], resources: ["*"] }],
};
let cloud: Cloud;
let clients: Clients;
let table: Table;
let metered: number;
const log = () => {};
const meter = ((_name: string, value: number) => {
  metered += value;
}) as Meter;

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [credential] });
  clients = createClients({ region: "us-east-1", credentials: credential, endpointUrl: cloud.endpoint });
  table = { client: clients.dynamo, name: names.table };
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => {
  metered = 0;
});

const bySsm =
  (document: string) =>
  async (nodeIds: string[], rolloutId: string): Promise<{ failed: string[] }> => {
    const { failed } = await ringBySsm({ ssm: clients.ssmOnce, document, nodeIds, rolloutId });
    return { failed: failed.flatMap((part) => part.nodeIds) };
  };
const doorbells: Record<string, { make: () => Doorbell; refuses: (index: number) => boolean }> = {
  pull: { make: () => pullDoorbell({ table, log }), refuses: () => false },
  ssm: {
    make: () => ssmDoorbell({ table, log, meter, ringSsm: bySsm(names.wakeDocument) }),
    refuses: () => false,
  },
  "ssm that does not know the document": {
    make: () => ssmDoorbell({ table, log, meter, ringSsm: bySsm("No-Such-Document") }),
    refuses: () => true,
  },
  "ssm that takes every other one": {
    make: () =>
      ssmDoorbell({
        table,
        log,
        meter,
        ringSsm: async (nodeIds) => ({ failed: nodeIds.filter((_, index) => index % 2 === 1) }),
      }),
    refuses: (index) => index % 2 === 1,
  },
  "ssm that is away": {
    make: () => ssmDoorbell({ table, log, meter, ringSsm: async () => Promise.reject(new Error("SSM is away")) }),
    refuses: () => true,
  },
};

async function appliances(count: number): Promise<string[]> {
  const nodeIds = Array.from({ length: count }, () => newId("appliance", Date.now()));
  for (const nodeId of nodeIds) await commit(table, [createPresence(aPresence({ nodeId }))]);
  return nodeIds;
}
const pendingOf = async (nodeId: string) => (await getPresence(table, nodeId))?.directive.pendingRuns;

describe.each(Object.entries(doorbells))("a doorbell: %s", (_name, { make, refuses }) => {
  it("names the run in the next heartbeat of each, and says for whom it did not ring", async () => {
    const nodeIds = await appliances(60);
    const rolloutId = newId("rollout", Date.now());
    const calls = nodeIds.map((nodeId, index) => ({ nodeId, runId: runIdOf(rolloutId, index) }));
    const { refused } = await make().ring(calls, rolloutId);
    for (const { nodeId, runId } of calls) expect(await pendingOf(nodeId)).toEqual([runId]);
    const expected = nodeIds.filter((_, index) => refuses(index));
    expect([...refused].toSorted()).toEqual(expected.toSorted());
    expect(metered).toBe(expected.length);
  });

  it("may ring twice, for nobody, and for who is not there any more", async () => {
    const [nodeId = ""] = await appliances(1);
    const gone = newId("appliance", Date.now());
    const rolloutId = newId("rollout", Date.now());
    const runId = runIdOf(rolloutId, 0);
    const doorbell = make();
    const calls = [
      { nodeId: gone, runId },
      { nodeId, runId },
    ];
    await doorbell.ring(calls, rolloutId);
    await doorbell.ring(calls, rolloutId);
    expect(await pendingOf(nodeId)).toEqual([runId]);
    expect(await getPresence(table, gone)).toBeUndefined();
    expect((await doorbell.ring([], rolloutId)).refused.size).toBe(0);
  });

  it("never throws, also where nothing answers: the rollout is looked at again", async () => {
    const [nodeId = ""] = await appliances(1);
    const rolloutId = newId("rollout", Date.now());
    const known = table;
    table = { ...table, name: "no-such-table" };
    try {
      await make().ring([{ nodeId, runId: runIdOf(rolloutId, 0) }], rolloutId);
    } finally {
      table = known;
    }
    expect(await pendingOf(nodeId)).toEqual([]);
  });
});

it("what SSM is told is the rollout and nothing else", async () => {
  const rolloutId = newId("rollout", Date.now());
  const [nodeId = ""] = await appliances(1);
  const { make } = doorbells["ssm"] ?? { make: () => pullDoorbell({ table, log }) };
  await make().ring([{ nodeId, runId: runIdOf(rolloutId, 0) }], rolloutId);
  const { Commands = [] } = await clients.ssm.send(new ListCommandsCommand({}));
  const command = Commands.find(({ Comment }) => Comment === rolloutId);
  expect(command).toMatchObject({ Parameters: { rolloutId: [rolloutId] }, Targets: [{ Values: [nodeId] }] });
});
