import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GetQueueUrlCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { createSqs } from "@steward/aws/clients/sqs";
import { resourceNames } from "@steward/contracts/names";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Figure, meets } from "../../scripts/bench/report.ts";
import { hostFunctions } from "../../scripts/fleet/functions.ts";
import { type InProcessCloud, startInProcessCloud } from "../../scripts/fleet/in-process-cloud.ts";
import { createFleetMeter, type Meters } from "../../scripts/fleet/meter.ts";
import { installVirtualClock } from "../../scripts/fleet/virtual-clock.ts";
import { root } from "../../scripts/run.ts";

let out: string;
let said: { figures: Figure[]; meters: Meters; score: Record<string, number> };

// In a process of its own: its clock is the simulation's.
beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), "steward-fleet-test-"));
  const args = ["scripts/fleet.ts", "--appliances", "120", "--herd", "2000", "--json", "--out", out];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 2 ** 24 }).catch(
    // A missed bar is an exit code of 1, and its figures say which.
    (error: { stdout: string; code: number }) =>
      error.code === 1 && error.stdout !== "" ? error : Promise.reject(error),
  );
  said = JSON.parse(stdout) as typeof said;
}, 300_000);
afterAll(() => rm(out, { recursive: true, force: true }));

describe("an hour of a fleet, with deaths, flaps, a site's outage, wrong clocks, lost heartbeats and ten minutes without a door", () => {
  it("is told as it was: every figure that has a bar meets it", () => {
    expect(said.figures.filter((figure) => !meets(figure))).toEqual([]);
    expect(said.score["deaths"]).toBeGreaterThan(3);
    expect(said.score["overloads"]).toBeGreaterThan(0);
    const ofOurs = said.figures.filter(({ name }) => name.endsWith("of our own outage"));
    expect(ofOurs.map(({ name, value }) => [name, value])).toEqual([
      ["alerts of our own outage", 1],
      ["notifications of our own outage", 1],
    ]);
  });

  it("costs one write of one unit a heartbeat, and nothing else", () => {
    const { invocations = 0, calls = {}, readUnits, logLines } = said.meters["heartbeat"] ?? {};
    const announcements = calls["sqs.SendMessage"] ?? 0;
    expect(invocations).toBeGreaterThan(5_000);
    expect(calls["dynamodb.UpdateItem"]).toBe(invocations + announcements);
    expect(Object.keys(calls).sort()).toEqual(["dynamodb.UpdateItem", "sqs.GetQueueUrl", "sqs.SendMessage"]);
    expect({ readUnits, logLines }).toEqual({ readUnits: 0, logLines: 0 });
    expect(said.meters["heartbeat"]?.writeUnits).toBe(invocations + announcements);
  });
});

it("a batch whose function threw is given to it again, and the hour goes on", async () => {
  const startMs = Date.UTC(2026, 0, 5);
  const clock = installVirtualClock(startMs);
  const meter = createFleetMeter();
  const cloud = await startInProcessCloud({ meter, now: () => clock.nowMs(), receiver: "127.0.0.1:9" });
  try {
    const given: number[] = [];
    const as: InProcessCloud["as"] = (who, work) => {
      if (who !== "note-transitions") return cloud.as(who, work);
      given.push(clock.nowMs() - startMs);
      return given.length === 1 ? Promise.reject(new Error("thrown on purpose")) : cloud.as(who, work);
    };
    await hostFunctions({ cloud: { ...cloud, as }, clock, meter });
    await cloud.as("simulation", async () => {
      const sqs = createSqs();
      const QueueName = resourceNames(cloud.stage).queue("node-events");
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ v: 1 }) }));
    });
    await clock.runUntil(startMs + 10_000);
    expect(given.length).toBeGreaterThan(1);
    expect(given.at(-1)).toBeGreaterThan(1_000);
  } finally {
    clock.uninstall();
    await cloud.close();
  }
});
