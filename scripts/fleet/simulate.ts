import { getNode } from "@steward/aws/records/node";
import { createDynamo } from "@steward/aws/clients/dynamo";
import { AppError } from "@steward/contracts/errors";
import type { Metrics } from "@steward/contracts/heartbeat";
import type { HttpResult } from "@steward/api/lambda-event";
import { type Chance, chanceOf } from "../../packages/core/test/simulation/scheduler.ts";
import { heartbeatEvent } from "../bench/appliances.ts";
import { type Appliance, createAppliance, type Door, unanswered } from "./appliance.ts";
import { type Enrolled, enrolFleet } from "./fleet-records.ts";
import { hostFunctions, type Lambda } from "./functions.ts";
import { nodesDomain, stage, startInProcessCloud, tableName } from "./in-process-cloud.ts";
import { between, createFleetMeter, type Meters } from "./meter.ts";
import { makeScenario, type Scenario, type Settings } from "./scenario.ts";
import { startReceiver } from "./receiver.ts";
import { type AlertScore, scoreAlerts } from "./score-alerts.ts";
import { isTelling, type Score, score, type Seen, type Told } from "./score.ts";
import { installVirtualClock, type VirtualClock } from "./virtual-clock.ts";

export interface Outcome {
  settings: Settings;
  score: Score;
  alerts: AlertScore;
  told: Told[];
  scenario: Scenario;
  /** From the start on, or from the minute that was asked for. */
  meters: Meters;
  /** Heartbeats that our door answered, by minute. */
  beatsPerMinute: number[];
  /** What this process and the database took for it. */
  seconds: number;
}

/** A Monday, whenever it runs: the same seed gives the same hour. */
const startMs = Date.UTC(2026, 0, 5);
/** A lost request is noticed by its sender after so long. */
const lostAfterMs = 5_000;

/** An hour (or so) of a whole fleet, through the functions as they are deployed. */
export async function simulateFleet(
  settings: Settings,
  options: { tell?: (line: string) => void; scenario?: Scenario; meterFromMinute?: number } = {},
): Promise<Outcome> {
  const { tell = () => {} } = options;
  const startedMs = performance.now();
  const clock = installVirtualClock(startMs);
  const meter = createFleetMeter();
  const receiver = await startReceiver(() => clock.nowMs() - startMs);
  const cloud = await startInProcessCloud({ meter, now: () => clock.nowMs(), receiver: receiver.host });
  try {
    const table = { client: createDynamo(), name: tableName };
    const { nodes } = await cloud.as("simulation", () =>
      enrolFleet(table, { ...settings, nowMs: startMs, webhook: receiver.url }),
    );
    tell(`${nodes.length} appliances of ${settings.tenants} tenants are enrolled`);
    const lambda = await hostFunctions({ cloud, clock, meter });
    const scenario = options.scenario ?? makeScenario(settings);
    const indexOf = new Map(nodes.map(({ nodeId }, index) => [nodeId, index]));
    const told: Told[] = [];
    const records = new Map<string, Seen>();
    // What a person sees: the node's record, after whoever writes it was given its messages.
    lambda.onBatch(async (name, event) => {
      if (name !== "note-transitions") return;
      for (const { body } of event.Records) {
        const message = JSON.parse(body) as { tenantId?: string; nodeId?: string };
        const { tenantId = "", nodeId = "" } = message;
        const node = indexOf.get(nodeId);
        if (node === undefined) continue;
        const record = await cloud.as("simulation", () => getNode(table, { tenantId, nodeId }));
        if (record === undefined) continue;
        const seen = { level: record.health, epoch: record.healthEpoch };
        const isNews = isTelling(records.get(nodeId), seen);
        records.set(nodeId, seen);
        if (!isNews) continue;
        told.push({ node, level: record.health, atMs: clock.nowMs() - startMs });
      }
    });
    const beatsPerMinute = Array.from({ length: settings.minutes }, () => 0);
    const answered = () => {
      const minute = Math.floor((clock.nowMs() - startMs) / 60_000);
      if (minute < settings.minutes) beatsPerMinute[minute] = (beatsPerMinute[minute] ?? 0) + 1;
    };
    const endMs = startMs + settings.minutes * 60_000;
    raise({ settings, scenario, nodes, clock, lambda, answered });
    lambda.startSchedules(endMs);
    let before: Meters = {};
    if (options.meterFromMinute !== undefined) {
      await clock.runUntil(startMs + options.meterFromMinute * 60_000);
      before = meter.snapshot();
    }
    await clock.runUntil(endMs, (minute) => tell(`minute ${minute} of ${settings.minutes}`));
    return {
      settings,
      scenario,
      told,
      score: score(settings, scenario, told),
      alerts: scoreAlerts(settings, scenario, { sent: receiver.received, nodeIds: nodes.map(({ nodeId }) => nodeId) }),
      meters: between(before, meter.snapshot()),
      beatsPerMinute,
      seconds: (performance.now() - startedMs) / 1_000,
    };
  } finally {
    clock.uninstall();
    await cloud.close();
    await receiver.close();
  }
}

interface World {
  settings: Settings;
  scenario: Scenario;
  nodes: readonly Enrolled[];
  clock: VirtualClock;
  lambda: Lambda;
  answered: () => void;
}

/** Starts every agent within the first interval, and everything that will happen to them at its time. */
function raise(world: World): void {
  const { clock, nodes, scenario, settings } = world;
  const chance = chanceOf(settings.seed + 1);
  const cut = new Set<number>();
  const offsetMs = new Map<number, number>();
  const isHot = new Set<number>();
  const appliances = nodes.map((node, index) => {
    const own = chanceOf((settings.seed + 7919 * (index + 1)) | 0);
    const appliance = createAppliance({
      door: doorOf(world, node, { chance: own, isCut: () => cut.has(index) }),
      // Even what should only grow jumps here: nothing that is told may hang on it.
      clock: { ...clock, monotonicMs: () => clock.monotonicMs() + (offsetMs.get(index) ?? 0) },
      random: () => own.next(),
      metrics: () => metricsOf(own, isHot.has(index)),
      nodesUrl: `https://${nodesDomain}`,
    });
    clock.at(startMs + chance.next() * settings.intervalSeconds * 1_000, () => appliance.start());
    return appliance;
  });
  const at = (timeMs: number, act: () => void) => clock.at(startMs + timeMs, act);
  for (const { node, fromMs, toMs, cause } of scenario.silences) {
    at(fromMs, () => {
      cut.add(node);
      if (cause !== "network") (appliances[node] as Appliance).stop();
    });
    at(toMs, () => {
      cut.delete(node);
      if (cause !== "network") (appliances[node] as Appliance).start();
    });
  }
  for (const { node, fromMs, toMs } of scenario.hot) {
    at(fromMs, () => isHot.add(node));
    at(toMs, () => isHot.delete(node));
  }
  for (const { node, atMs, byMs } of scenario.jumps) {
    at(atMs, () => offsetMs.set(node, (offsetMs.get(node) ?? 0) + byMs));
  }
}

/** The way of one appliance's heartbeats to the function, and of the answers back. */
function doorOf(world: World, node: Enrolled, { chance, isCut }: { chance: Chance; isCut: () => boolean }): Door {
  const { clock, lambda, scenario, settings } = world;
  const { outage } = scenario;
  const isDown = () => {
    const nowMs = clock.nowMs() - startMs;
    return outage !== undefined && nowMs >= outage.fromMs && nowMs < outage.toMs;
  };
  const loses = () => chance.happens(settings.lossShare / 2);
  const lost = async () => {
    await clock.sleep(lostAfterMs);
    return unanswered();
  };
  return async (body) => {
    if (isCut() || isDown()) throw unanswered();
    if (loses()) throw await lost();
    const event = heartbeatEvent({ ...node, stage, domain: nodesDomain, body });
    const result = await clock.hold(lambda.invoke<HttpResult>("heartbeat", event));
    if (typeof result === "string" || result.statusCode === undefined) throw new AppError("internal", "no status");
    world.answered();
    if (loses() || isCut()) throw await lost();
    return { status: result.statusCode, body: result.body ?? "" };
  };
}

function metricsOf(chance: Chance, isHot: boolean): Metrics {
  const about = (middle: number, by: number) => Math.round((middle + (chance.next() - 0.5) * by) * 100) / 100;
  return {
    cpuPercent: isHot ? 97 : about(20, 20),
    memoryPercent: about(50, 10),
    diskPercent: about(60, 2),
    loadAverage1m: about(0.8, 0.8),
    uptimeSeconds: 100_000,
  };
}
