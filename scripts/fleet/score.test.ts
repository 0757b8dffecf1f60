import type { WebhookBody } from "@steward/contracts/notification";
import { describe, expect, it } from "vitest";
import { meets } from "../bench/report.ts";
import type { Scenario, Settings } from "./scenario.ts";
import { isTelling, score, type Seen, type Told } from "./score.ts";
import { scoreAlerts } from "./score-alerts.ts";

const minute = 60_000;
const settings: Settings = {
  appliances: 1,
  tenants: 1,
  minutes: 60,
  seed: 1,
  intervalSeconds: 60,
  lossShare: 0,
  outageMinutes: 10,
};
const death = { node: 0, fromMs: 5 * minute, toMs: 20 * minute, cause: "power" as const };
const outage = { fromMs: 30 * minute, toMs: 40 * minute };
const scenario: Scenario = { silences: [death], hot: [], jumps: [], outage };

describe("what a fleet's simulation finds wrong", () => {
  it("counts a death that is announced twice, though the record's level is the same", () => {
    const records: (Seen & { atMs: number })[] = [
      { level: "offline", epoch: 2, atMs: 8 * minute },
      { level: "offline", epoch: 2, atMs: 9 * minute },
      { level: "offline", epoch: 3, atMs: 10 * minute },
      { level: "healthy", epoch: 4, atMs: 21 * minute },
    ];
    const told = records.flatMap((seen, at): Told[] =>
      isTelling(records[at - 1], seen) ? [{ ...seen, node: 0 }] : [],
    );
    expect(told.map(({ atMs }) => atMs / minute)).toEqual([8, 10, 21]);
    expect(score(settings, scenario, told)).toMatchObject({ deaths: 1, missed: 0, doubled: 1 });
  });

  it("takes an alert of many for our outage's only while that lasts, and for a false one where nothing happened", () => {
    const raised = (atMs: number) => {
      const alerts = [{ id: `alt_${atMs}`, kind: "fleet-silent" }];
      return { atMs, body: { id: `ntc_${atMs}`, event: "alert.raised", alerts } as unknown as WebhookBody };
    };
    const sent = [raised(2 * minute), raised(31 * minute)];
    expect(scoreAlerts(settings, scenario, { sent, nodeIds: ["apl_1"] })).toMatchObject({
      outageAlerts: 1,
      outageNotifications: 1,
      falseAlerts: 1,
    });
  });

  it("misses a bar of exactly one with none as with two", () => {
    const figure = { name: "alerts", unit: "", how: "", bar: { at: "exactly", value: 1 } as const };
    expect([0, 1, 2].map((value) => meets({ ...figure, value }))).toEqual([false, true, false]);
  });
});
