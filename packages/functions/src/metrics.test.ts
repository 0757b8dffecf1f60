import { type Meter, type MetricDimensions, type MetricName, metricDefinitions } from "@steward/contracts/metrics";
import type { Lane } from "@steward/contracts/names";
import type { Tier } from "@steward/contracts/states";
import { afterEach, expect, expectTypeOf, it, vi } from "vitest";
import { createLog } from "./log.ts";
import { createMeter, embeddedMetric } from "./metrics.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is written to stdout meanwhile, as CloudWatch gets it: parsed line by line. */
function linesOf(work: () => void): unknown[] {
  const written: string[] = [];
  const real = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  try {
    work();
  } finally {
    real.mockRestore();
  }
  const text = written.join("");
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);
}

it("writes a value as one line that CloudWatch takes for a metric", () => {
  vi.spyOn(Date, "now").mockReturnValue(1_700_000_000_000);
  const meter = createMeter("prod");
  expect(linesOf(() => meter("QueuedJobs", 3, { Lane: "express" }))).toEqual([
    {
      _aws: {
        Timestamp: 1_700_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: "Steward",
            Dimensions: [["Stage", "Lane"]],
            Metrics: [{ Name: "QueuedJobs", Unit: "Count" }],
          },
        ],
      },
      Stage: "prod",
      Lane: "express",
      QueuedJobs: 3,
    },
  ]);
});

it("names no value beside the stage where a metric has no further dimension", () => {
  const [line] = linesOf(() => createMeter("staging")("BacklogPerSlot", 0.5));
  expect(line).toMatchObject({
    _aws: { CloudWatchMetrics: [{ Dimensions: [["Stage"]], Metrics: [{ Name: "BacklogPerSlot", Unit: "None" }] }] },
    Stage: "staging",
    BacklogPerSlot: 0.5,
  });
});

it("keeps to what CloudWatch accepts, for every metric", () => {
  for (const metric of Object.keys(metricDefinitions) as MetricName[]) {
    const { dimensions } = metricDefinitions[metric];
    // Each value of a dimension is billed as a metric: none may be a node's or a tenant's.
    expect(Object.keys(dimensions)).not.toContain("Node");
    expect(Object.keys(dimensions)).not.toContain("Tenant");
    const line = embeddedMetric("prod", metric, {
      value: 1,
      dimensions: Object.fromEntries(Object.keys(dimensions).map((dimension) => [dimension, "x"])),
      nowMs: 1,
    });
    // What is declared must be in the document itself, or CloudWatch drops it without a word.
    const { CloudWatchMetrics } = line["_aws"] as { CloudWatchMetrics: { Dimensions: string[][] }[] };
    for (const name of CloudWatchMetrics[0]?.Dimensions.flat() ?? []) expect(line[name], name).toBeTypeOf("string");
    expect(line[metric]).toBeTypeOf("number");
    expect(["Count", "Seconds", "None"]).toContain(metricDefinitions[metric].unit);
  }
});

// Held by the types: the meter takes no other name, no other dimension and no other value.
it("knows every value that a dimension can have", () => {
  expectTypeOf<MetricDimensions<"QueuedJobs">>().toEqualTypeOf<{ readonly Lane: Lane }>();
  expectTypeOf<MetricDimensions<"Tokens">>().toEqualTypeOf<{ readonly Tier: Tier }>();
  expectTypeOf<MetricDimensions<"NodesOnline">>().toEqualTypeOf<{}>();
  expectTypeOf<Parameters<Meter>[0]>().toEqualTypeOf<MetricName>();
});

it("logs with the time and level that Lambda looks at, and counts an error as a fault of its function", () => {
  const log = createLog("dispatch", "prod");
  const [info, error] = linesOf(() => {
    log("info", "swept", { expected: 3 });
    log("error", "message_dropped", { messageId: "m" });
  });
  expect(info).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: "info",
    source: "dispatch",
    event: "swept",
    expected: 3,
  });
  expect(error).toMatchObject({
    level: "error",
    event: "message_dropped",
    messageId: "m",
    Stage: "prod",
    Function: "dispatch",
    Faults: 1,
    _aws: {
      CloudWatchMetrics: [{ Dimensions: [["Stage", "Function"]], Metrics: [{ Name: "Faults", Unit: "Count" }] }],
    },
  });
});
