import type { Meters } from "../../fleet/meter.ts";
import type { Scenario, Settings } from "../../fleet/scenario.ts";
import { simulateFleet } from "../../fleet/simulate.ts";
import { type Billables, billablesOf, combine, only } from "./billables.ts";

/**
 * What was metered, by run. Kept in `bench/cost.json`: the sheet is made of nothing else, the prices and what is reckoned of
 * Lambda's time. What differs between two runs is what the difference between them causes.
 */
export type Metered = Record<RunName, Meters>;
type RunName = keyof typeof runs;

/** What something causes in an hour. */
export interface Causes {
  /** By interval: one more appliance. */
  appliance: Record<"60" | "300", Billables>;
  /** One more tenant, without its appliances. */
  tenant: Billables;
  /** The installation with neither. */
  installation: Billables;
  /** A tenant so large that it has a snapshot: one object a minute, however many appliances are in it. */
  snapshot: Billables;
  /** One appliance's outage: it is told, its return too. */
  outage: Billables;
  /** Of the first thing that all hangs on: heartbeats' calls for an appliance at 1,000 against 100. */
  scaling: number;
}

const warmUpMinutes = 5;
const calm: Scenario = { silences: [], hot: [], jumps: [], outage: undefined };
const few = 100;
const many = 1_000;
const tenants = 21;
const outages = 10;

const quarter = 15;
const silences = Array.from({ length: outages }, (_, node) => {
  const fromMs = (warmUpMinutes + 1 + node * 3) * 60_000 + 1_700;
  return { node: node * 7, fromMs, toMs: fromMs + 8 * 60_000, cause: "power" as const };
});
/** The same every time. `again`: cheap enough for a test of every run. */
export const runs = {
  hour: { what: "an hour of 100 appliances", over: {}, minutes: 60, scenario: calm, again: true },
  tenants: { what: "20 tenants more", over: { tenants }, minutes: quarter, scenario: calm, again: true },
  many: { what: "1,000 appliances", over: { appliances: many }, minutes: quarter, scenario: calm, again: false },
  seldom: { what: "a beat in 300 s", over: { intervalSeconds: 300 }, minutes: 60, scenario: calm, again: true },
  outages: { what: "10 outages", over: {}, minutes: 60, scenario: { ...calm, silences }, again: false },
} as const satisfies Record<
  string,
  { what: string; over: Partial<Settings>; minutes: number; scenario: Scenario; again: boolean }
>;
export const runNames = Object.keys(runs) as RunName[];

export function meter(name: RunName): Promise<Meters> {
  const { over, minutes, scenario } = runs[name];
  return run(over, minutes, scenario);
}

export async function meterAll(tell: (line: string) => void): Promise<Metered> {
  const metered: Partial<Metered> = {};
  for (const name of runNames) {
    tell(`${runs[name].what} …`);
    metered[name] = await meter(name);
  }
  return metered as Metered;
}

export function causesOf(metered: Metered): Causes {
  const { hour } = metered;
  const base = billablesOf(hour);
  const hours = 60 / quarter;
  const snapshot = combine([only("s3Writes", billablesOf(metered.many)), hours]);
  const inMany = combine([billablesOf(metered.many), hours], [snapshot, -1]);
  const appliance = combine([inMany, 1 / (many - few)], [base, -1 / (many - few)]);
  // A beat at the edge of an hour is nobody's doing: what is neither an appliance's nor an outage's is told without beats.
  const still = withoutBeats(hour);
  const tenant = combine([withoutBeats(metered.tenants), hours / (tenants - 1)], [still, -1 / (tenants - 1)]);
  const stillInMany = combine([withoutBeats(metered.many), hours], [snapshot, -1]);
  const applianceStill = combine([stillInMany, 1 / (many - few)], [still, -1 / (many - few)]);
  const beats = (meters: Meters) => meters["heartbeat"]?.calls["dynamodb.UpdateItem"] ?? 0;
  // Of the sweep an appliance causes the same at either interval.
  const seldomer = combine([billablesOf(metered.seldom), 1 / few], [base, -1 / few]);
  return {
    appliance: { "60": appliance, "300": combine([appliance, 1], [seldomer, 1]) },
    tenant,
    snapshot,
    installation: combine([still, 1], [applianceStill, -few], [tenant, -1]),
    // It beats less while it is away, which is not saved: it is counted with all its beats.
    outage: combine([withoutBeats(metered.outages), 1 / outages], [still, -1 / outages]),
    scaling: (beats(metered.many) * hours * few) / many / beats(hour),
  };
}

async function run(over: Partial<Settings>, minutes: number, scenario: Scenario): Promise<Meters> {
  const settings = {
    appliances: few,
    tenants: 1,
    minutes: minutes + warmUpMinutes,
    intervalSeconds: 60,
    lossShare: 0,
    outageMinutes: 0,
    seed: 1,
    ...over,
  };
  const { meters } = await simulateFleet(settings, { scenario, meterFromMinute: warmUpMinutes });
  const { simulation: _, ...ours } = meters;
  return ours;
}

/** All but the beats themselves: announcements are in. */
function withoutBeats(meters: Meters): Billables {
  const { heartbeat, ...others } = meters;
  if (heartbeat === undefined) return billablesOf(others);
  const beats = heartbeat.invocations;
  const calls = { ...heartbeat.calls, "dynamodb.UpdateItem": (heartbeat.calls["dynamodb.UpdateItem"] ?? 0) - beats };
  return billablesOf({
    ...others,
    heartbeat: { ...heartbeat, invocations: 0, calls, writeUnits: heartbeat.writeUnits - beats },
  });
}
