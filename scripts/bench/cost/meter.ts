import type { Meters } from "../../fleet/meter.ts";
import type { Scenario, Settings } from "../../fleet/scenario.ts";
import { simulateFleet } from "../../fleet/simulate.ts";
import { type Billables, billablesOf, combine, rounded } from "./billables.ts";

/** What was metered, each of it in an hour. Kept in `bench/cost.json`: the sheet is made of nothing else and the prices. */
export interface Metered {
  /** The run that a test repeats: by function, 100 appliances of one tenant, one virtual hour. */
  hour: Meters;
  /** By interval: what one more appliance causes. */
  appliance: Record<"60" | "300", Billables>;
  /** What one more tenant causes, without its appliances. */
  tenant: Billables;
  /** What the installation causes with neither. */
  installation: Billables;
  /** What one appliance's outage causes: it is told, its return too. */
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

/** One virtual hour of 100 appliances. The same every time. */
export function meterHour(): Promise<Meters> {
  return run({}, 60);
}

/** Runs beside that hour: more appliances, more tenants, another interval, outages. What differs is what each of them causes. */
export async function meterAll(tell: (line: string) => void): Promise<Metered> {
  tell("an hour of 100 appliances …");
  const hour = await meterHour();
  tell("1,000 appliances …");
  const larger = await run({ appliances: many }, 15);
  tell("20 tenants more …");
  const more = await run({ tenants }, 15);
  tell("a beat in 300 s …");
  const seldom = await run({ intervalSeconds: 300 }, 60);
  tell("10 outages …");
  const silences = Array.from({ length: outages }, (_, node) => {
    const fromMs = (warmUpMinutes + 1 + node * 3) * 60_000 + 1_700;
    return { node: node * 7, fromMs, toMs: fromMs + 8 * 60_000, cause: "power" as const };
  });
  const troubled = await run({}, 60, { ...calm, silences });
  const base = billablesOf(hour);
  const appliance = combine([hourly(larger, 15), 1 / (many - few)], [base, -1 / (many - few)]);
  // A beat at the edge of an hour is nobody's doing: what is neither an appliance's nor an outage's is told without beats.
  const still = withoutBeats(hour);
  const tenant = combine([withoutBeats(more), 60 / 15 / (tenants - 1)], [still, -1 / (tenants - 1)]);
  const applianceStill = combine([withoutBeats(larger), 60 / 15 / (many - few)], [still, -1 / (many - few)]);
  const beats = (meters: Meters) => meters["heartbeat"]?.calls["dynamodb.UpdateItem"] ?? 0;
  // Of the sweep an appliance causes the same at either interval.
  const seldomer = combine([billablesOf(seldom), 1 / few], [base, -1 / few]);
  return {
    hour,
    appliance: { "60": rounded(appliance), "300": rounded(combine([appliance, 1], [seldomer, 1])) },
    tenant: rounded(tenant),
    installation: rounded(combine([still, 1], [applianceStill, -few], [tenant, -1])),
    // It beats less while it is away, which is not saved: it is counted with all its beats.
    outage: rounded(combine([withoutBeats(troubled), 1 / outages], [still, -1 / outages])),
    scaling: Number((((beats(larger) * 4) / many / beats(hour)) * few).toFixed(4)),
  };
}

async function run(over: Partial<Settings>, minutes: number, scenario = calm): Promise<Meters> {
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

function hourly(meters: Meters, minutes: number): Billables {
  return combine([billablesOf(meters), 60 / minutes]);
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
