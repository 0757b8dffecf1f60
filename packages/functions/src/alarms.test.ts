import { queueNames, resourceNames } from "@steward/contracts/names";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alarmDefinitions, alarmDescription } from "./alarms.ts";
import type { AlarmDefinition } from "./alarms/alarm.ts";
import { type FunctionDefinition, functionDefinitions, functionNames } from "./definitions.ts";

const alarms = alarmDefinitions("prod");
const ids = alarms.map(({ id }) => id);
const definitions: Record<string, FunctionDefinition> = functionDefinitions;
function alarm(id: string): AlarmDefinition {
  const found = alarms.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no alarm ${id}`);
  return found;
}

it("watches every queue, its age by what it promises, and every dead-letter queue", () => {
  const names = resourceNames("prod");
  for (const queue of queueNames) {
    expect(alarm(`${queue}-old`).metrics[0].dimensions).toEqual({ QueueName: names.queue(queue) });
    expect(alarm(`${queue}-dead-letters`)).toMatchObject({ comparison: "GreaterThanThreshold", threshold: 0 });
    expect(alarm(`${queue}-dead-letters`).metrics[0].dimensions).toEqual({ QueueName: names.deadLetterQueue(queue) });
  }
});

it("watches every function in the way that what starts it calls for", () => {
  const wanted = {
    http: ["errors", "throttles", "near-timeout"],
    queue: ["errors"],
    schedule: ["stalled", "near-timeout"],
    "worker-group": ["lost-events"],
    rotation: ["errors"],
    // Whoever invokes it reads the error.
    direct: [],
  };
  const byTheirMetrics = ["sweep-stalled", "seal-stalled"];
  for (const name of functionNames) {
    const kind = definitions[name]?.trigger.kind ?? "direct";
    const own = alarms.filter(({ metrics }) =>
      metrics.some(({ dimensions }) => dimensions["FunctionName"] === `steward-prod-${name}`),
    );
    // The sweep's, the heartbeats' and the sealer's silence is watched by what sweep and sealer measure.
    const expected = wanted[kind].map((what) => `${name}-${what}`).filter((id) => !byTheirMetrics.includes(id));
    if (name === "heartbeat") expected.push("heartbeat-silence");
    expect(own.map(({ id }) => id).sort(), name).toEqual(expected.sort());
  }
  for (const id of byTheirMetrics) expect(ids).toContain(id);
});

it("has alarms that CloudWatch takes", () => {
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, metrics, expression, evaluationPeriods, datapointsToAlarm, ...rest } of alarms) {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(rest.name).toBe(`steward-prod-${id}`);
    const [{ periodSeconds }] = metrics;
    for (const metric of metrics) {
      expect(metric.id, id).toMatch(/^[a-z][a-zA-Z0-9_]*$/);
      expect(metric.periodSeconds, id).toBe(periodSeconds);
    }
    // At most a day; a week where a period is an hour or more.
    expect(periodSeconds * evaluationPeriods, id).toBeLessThanOrEqual(periodSeconds < 3600 ? 86_400 : 604_800);
    expect(datapointsToAlarm).toBeLessThanOrEqual(evaluationPeriods);
    expect(metrics.length, id).toBeLessThanOrEqual(10);
    expect(new Set(metrics.map((metric) => metric.id)).size).toBe(metrics.length);
    if (expression === undefined) expect(metrics, id).toHaveLength(1);
    else if (!expression.includes("METRICS()")) {
      const used = new Set(expression.match(/\b[a-z]\w*\b/g));
      expect([...used].sort(), id).toEqual(metrics.map((metric) => metric.id).sort());
    }
  }
});

it("leaves to infra/ what only infra/ knows, and says in its text where help is", () => {
  for (const { id, madeBy, metrics } of alarms) {
    const unknown = metrics.some(({ dimensions }) => Object.values(dimensions).some((one) => typeof one !== "string"));
    if (unknown) expect(madeBy, id).toBe("infra");
  }
  for (const one of alarms) {
    const text = alarmDescription(one, { repository: "example/steward", branch: "main" });
    expect(text).toContain(`https://github.com/example/steward/blob/main/docs/runbooks/${one.runbook}.md`);
    expect(text).toContain(`[${one.severity}]`);
    expect(text.length).toBeLessThanOrEqual(1024);
    expect(one.summary).toMatch(/\.$/);
  }
});

/** One minute as CloudWatch has it; undefined where there is no datapoint. */
type Minute = Readonly<Record<string, number | undefined>>;

/**
 * What an alarm compares in one minute. By CloudWatch's rules: a comparison with a missing value has no result; `IF`
 * gives the branch that was chosen, and nothing where that has no value.
 */
function compared({ expression, metrics }: AlarmDefinition, minute: Minute): number | undefined {
  if (expression === undefined) return minute[metrics[0].id];
  const match = /^IF\((\w+) (>|<) (\w+|FILL\(\w+, \d+\)), (\w+), (\w+)\)$/.exec(expression);
  if (match === null) throw new Error(`cannot read ${expression}`);
  const [, left = "", operator, right = "", yes = "", no = ""] = match;
  const value = (term: string): number | undefined => {
    const [, filled, instead] = /^FILL\((\w+), (\d+)\)$/.exec(term) ?? [];
    if (filled !== undefined) return minute[filled] ?? Number(instead);
    return /^\d+$/.test(term) ? Number(term) : minute[term];
  };
  const [condition, limit] = [value(left), value(right)];
  if (condition === undefined || limit === undefined) return undefined;
  const holds = operator === ">" ? condition > limit : condition < limit;
  return value(holds ? yes : no);
}

/** Whether the alarm is raised at the end of these minutes. */
function isRaised(definition: AlarmDefinition, minutes: readonly Minute[]): boolean {
  const { comparison, threshold, evaluationPeriods, datapointsToAlarm, missingData } = definition;
  const breaching = minutes.slice(-evaluationPeriods).filter((minute) => {
    const value = compared(definition, minute);
    if (value === undefined) return missingData === "breaching";
    if (comparison === "LessThanThreshold") return value < threshold;
    return comparison === "GreaterThanThreshold" ? value > threshold : value >= threshold;
  });
  return breaching.length >= datapointsToAlarm;
}

describe("over time", () => {
  const silence = alarm("heartbeat-silence");
  const sweep = alarm("sweep-stalled");
  const hour = (minute: Minute) => Array.from({ length: 60 }, () => minute);
  // Lambda has no datapoint for a minute without a call, not a zero.
  const nothing = { expected: undefined, swept: undefined, beats: undefined };

  it("a stage without nodes is not silent", () => {
    const quiet = hour({ ...nothing, expected: 0, swept: 1 });
    expect(isRaised(silence, quiet)).toBe(false);
    expect(isRaised(sweep, quiet)).toBe(false);
  });

  it("a fleet that is cut off is silent, after six minutes and not before", () => {
    const well = hour({ expected: 40, swept: 1, beats: 41 });
    const cut = { expected: 40, swept: 1, beats: undefined };
    expect(isRaised(silence, well)).toBe(false);
    expect(isRaised(silence, [...well, ...Array.from({ length: 5 }, () => cut)])).toBe(false);
    expect(isRaised(silence, [...well, ...Array.from({ length: 6 }, () => cut)])).toBe(true);
    expect(isRaised(sweep, hour(cut))).toBe(false);
  });

  it("a dead sweep is told of after three minutes, before anybody takes it for a silent fleet", () => {
    const well = hour({ expected: 40, swept: 1, beats: 41 });
    const dead = { ...nothing, beats: 41 };
    const three = [...well, dead, dead, dead];
    expect(isRaised(sweep, [...well, dead, dead])).toBe(false);
    expect(isRaised(sweep, three)).toBe(true);
    expect(isRaised(silence, three)).toBe(false);
    // From then on nobody knows what is expected: it fails loud.
    expect(isRaised(silence, [...three, dead, dead, dead])).toBe(true);
  });

  it("one node that beats as seldom as it may never makes a silence", () => {
    // Every 300 s, and as much later as jitter and the network make it.
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 59 }), fc.array(fc.integer({ min: -30, max: 59 })), (first, lateness) => {
        const minutes: { expected: number; swept: number; beats: number | undefined }[] = [];
        let atSeconds = first;
        for (const late of [0, ...lateness]) {
          atSeconds += 300 + late;
          const minute = Math.floor(atSeconds / 60);
          while (minutes.length <= minute) minutes.push({ expected: 1, swept: 1, beats: undefined });
          minutes[minute] = { expected: 1, swept: 1, beats: 1 };
        }
        // The first beat came before the first minute that is looked at.
        const start = Math.floor(first / 60);
        for (let end = start + 6; end <= minutes.length; end += 1) {
          if (minutes.slice(0, end).some(({ beats }) => beats !== undefined)) {
            expect(isRaised(silence, minutes.slice(0, end))).toBe(false);
          }
        }
      }),
    );
  });

  it("waiting jobs without a slot are told of after a quarter of an hour; with one, or none waiting, never", () => {
    const missing = alarm("workers-missing");
    expect(isRaised(missing, hour({ slots: 0, backlog: 3 }))).toBe(true);
    expect(isRaised(missing, hour({ slots: 0, backlog: 3 }).slice(0, 14))).toBe(false);
    expect(isRaised(missing, hour({ slots: 1, backlog: 3 }))).toBe(false);
    expect(isRaised(missing, hour({ slots: 0, backlog: 0 }))).toBe(false);
    expect(isRaised(missing, hour({}))).toBe(false);
  });

  it("notices that fail are told of where more fail than arrive; one receiver that is down is its owner's to mend", () => {
    const failing = alarm("notices-failing");
    const inAnHour = (failed: number | undefined, delivered?: number) => isRaised(failing, [{ failed, delivered }]);
    // Nothing at all arrives any more: not even a zero is counted.
    expect(inAnHour(5)).toBe(true);
    expect(inAnHour(20, 19)).toBe(true);
    expect(inAnHour(20, 20)).toBe(false);
    // At once, after 1, 5 and 15 minutes.
    expect(inAnHour(4)).toBe(false);
    expect(inAnHour(undefined, 3)).toBe(false);
    expect(inAnHour(undefined)).toBe(false);
  });
});
