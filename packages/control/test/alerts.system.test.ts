import { listAudit } from "@steward/aws/records/audit";
import { listNotices } from "@steward/aws/records/notice";
import { getPresence } from "@steward/aws/records/presence";
import { listAlerts } from "@steward/control/alerts";
import type { NodeCaller } from "@steward/control/context";
import { removeNode } from "@steward/control/node-views";
import { reconcile } from "@steward/control/reconcile";
import { getThresholds, putNodeThresholds, putThresholds } from "@steward/control/thresholds";
import { expect, it } from "vitest";
import { minute, useFleet } from "./support/fleet.ts";

const fleet = useFleet();

/** Whose alerts are shown, and whose a gateway hides. */
async function silentOnes(): Promise<{ shown: string[]; hidden: string[] }> {
  const { house, person } = fleet();
  const names = async (suppressed?: "true") =>
    (await listAlerts(house, person, { limit: 100, suppressed })).items.map(({ node }) => node?.name ?? "").sort();
  const shown = await names();
  return { shown, hidden: (await names("true")).filter((name) => !shown.includes(name)) };
}
async function fallSilent() {
  fleet().house.passTime(4 * minute);
  await fleet().sweep();
  await fleet().consume();
}
const toldOf = async (event: string) =>
  (await listNotices(fleet().house.table, fleet().person.tenantId, 100)).filter((notice) => notice.event === event)
    .length;

it("an agent that finds another service down at each beat cannot open alerts without end", async () => {
  const { house, person, beat, consume } = fleet();
  const machine = await house.machine(person.tenantId, "appliance");
  for (let turn = 0; turn < 25; turn += 1) {
    house.passTime(10_000);
    await beat(machine, { conditions: [{ kind: "service", subject: `x${turn}`, level: "warning" }] });
    await consume();
  }
  const { items } = await listAlerts(house, person, { limit: 100 });
  expect(items.map(({ part }) => part)).toEqual(["too-many"]);
  expect(await toldOf("alert.raised")).toBe(21);
});

it("a gateway hides whom it takes down, and only as long as it may be the reason", async () => {
  const { house, person, beat, sweep, consume } = fleet();
  const { tenantId } = person;
  await putThresholds(house, person, { thresholds: {}, escalateAfterMinutes: 30 });
  const router = await house.machine(tenantId, "appliance", "router");
  const behind = await house.machine(tenantId, "appliance", "behind", ["gateway:router"]);
  await fallSilent();
  expect(await silentOnes()).toEqual({ shown: ["router"], hidden: ["behind"] });
  house.passTime(4 * minute);
  const audits = async () => (await listAudit(house.table, tenantId, { limit: 100 })).items.length;
  const before = await audits();
  await reconcile(house);
  // It was looked at, and nothing has come of it.
  expect(await audits()).toBe(before);
  house.passTime(26 * minute);
  await reconcile(house);
  expect([await toldOf("alert.raised"), await toldOf("alert.escalated")]).toEqual([1, 1]);
  // The gateway is back, and the machine is not.
  house.passTime(10 * minute);
  await beat(router);
  await consume();
  await reconcile(house);
  expect((await silentOnes()).shown).toContain("behind");
  expect(await toldOf("alert.raised")).toBe(2);
  await beat(behind);
  await consume();
  // The gateway is gone for good, and the machine is heard by another line before it is gone, too.
  house.passTime(24 * 60 * minute);
  await beat(behind);
  await sweep();
  await consume();
  await fallSilent();
  expect(await silentOnes()).toEqual({ shown: ["behind", "router"], hidden: [] });
  expect(await toldOf("alert.raised")).toBe(4);
});

it.each([
  ["in a circle hide nobody", ["a b", "b c", "c a"], { shown: ["a", "b", "c"], hidden: [] }],
  ["one behind the other hide what is behind them", ["a b", "b c", "c"], { shown: ["c"], hidden: ["a", "b"] }],
])("gateways %s", async (_what, pairs, expected) => {
  const { house, person } = fleet();
  for (const [name, gateway] of pairs.map((pair) => pair.split(" "))) {
    await house.machine(person.tenantId, "appliance", name, gateway === undefined ? [] : [`gateway:${gateway}`]);
  }
  await fallSilent();
  expect(await silentOnes()).toEqual(expected);
});

it("the end of a removed node's alerts is told and counted as any other", async () => {
  const { house, person, machines, alertsOf } = fleet();
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  await fallSilent();
  const counted = () =>
    house.metered.filter(({ metric }) => metric === "AlertsTold").map(({ dimensions }) => dimensions);
  expect(counted()).toEqual([{ Event: "raised" }]);
  await removeNode(house, person, { nodeId: machine.nodeId });
  await reconcile(house);
  expect(counted()).toEqual([{ Event: "raised" }, { Event: "resolved" }]);
  expect(await alertsOf(person)).toEqual([]);
});

it("a tenant's thresholds reach its nodes also while somebody sets one node after the other", async () => {
  const { house, person, machines } = fleet();
  const [one, other] = await machines(2);
  if (one === undefined || other === undefined) throw new Error("no machines");
  await putThresholds(house, person, { thresholds: { diskPercent: [70, 99] } });
  house.passTime(30_000);
  await putNodeThresholds(house, person, { nodeId: one.nodeId }, { memoryPercent: [1, 2] });
  await reconcile(house);
  const toldTo = async ({ nodeId }: NodeCaller) => (await getPresence(house.table, nodeId))?.directive.thresholds;
  expect(await toldTo(one)).toMatchObject({ diskPercent: [70, 99], memoryPercent: [1, 2] });
  expect(await toldTo(other)).toMatchObject({ diskPercent: [70, 99] });
});

it("who sets a node's own thresholds has not set the tenant's", async () => {
  const { house, person, machines } = fleet();
  const [machine] = await machines(1);
  if (machine === undefined) throw new Error("no machine");
  const before = await getThresholds(house, person);
  await putNodeThresholds(house, person, { nodeId: machine.nodeId }, { memoryPercent: [1, 2] });
  expect(await getThresholds(house, person)).toEqual(before);
  await putThresholds(house, person, { thresholds: {} });
  expect(await getThresholds(house, person)).toMatchObject({ updatedBy: { id: person.principal.id } });
});
