import { existsSync, globSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type MetricDefinition, metricDefinitions, metricNamespace } from "@steward/contracts/metrics";
import { lanes, queueNames, resourceNames } from "@steward/contracts/names";
import { alarmDefinitions, alarmDescription, budgetAlarm } from "@steward/functions/alarms";
import { dashboardNames } from "@steward/functions/alarms/alarm";
import { functionNames } from "@steward/functions/definitions";
import { Match } from "aws-cdk-lib/assertions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type PermanentStage, settingsOf } from "../../infra/stages.ts";
import { root } from "../../scripts/run.ts";
import { type Synthesized, synthesize } from "./support/synthesize.ts";

const stages = ["staging", "prod"] as const satisfies PermanentStage[];
const runbooks = join(root, "docs/runbooks");
const metricsOf: Readonly<Record<string, MetricDefinition>> = metricDefinitions;

const widgetSchema = z.object({
  type: z.enum(["metric", "alarm"]),
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  properties: z.looseObject({
    title: z.string().min(1),
    metrics: z.array(z.array(z.unknown()).min(1)).default([]),
    alarms: z.array(z.string()).default([]),
  }),
});
const bodySchema = z.object({ widgets: z.array(widgetSchema).min(2) });
type Widget = z.infer<typeof widgetSchema>;

let made: Synthesized;
beforeAll(() => {
  made = synthesize("prod");
});
afterAll(() => {
  rmSync(made.directory, { recursive: true, force: true });
});

/** The stage's dashboards by name, with what CloudFormation puts in put in. */
function dashboards(): Record<string, Widget[]> {
  const found = made.template("observability").findResources("AWS::CloudWatch::Dashboard");
  return Object.fromEntries(
    Object.values(found).map(({ Properties }) => {
      const { DashboardName, DashboardBody } = z
        .object({ DashboardName: z.string(), DashboardBody: z.unknown() })
        .parse(Properties);
      return [DashboardName, bodySchema.parse(JSON.parse(textOf(DashboardBody))).widgets];
    }),
  );
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const parsed = z
    .union([
      z.object({ "Fn::Join": z.tuple([z.literal(""), z.array(z.unknown())]) }),
      z.object({ Ref: z.enum(["AWS::Partition", "AWS::Region"]) }),
    ])
    .parse(value);
  if ("Ref" in parsed) return parsed.Ref === "AWS::Partition" ? "aws" : "eu-central-1";
  return parsed["Fn::Join"][1].map(textOf).join("");
}

/** Lines of a widget as `[namespace, metric, dimension, value, …]`, without options; expressions left out. */
function linesOf(widget: Widget): string[][] {
  return widget.properties.metrics
    .map((line) => line.filter((part): part is string => typeof part === "string"))
    .filter((line) => line.length > 0);
}

function ownLines(): { metric: string; dimensions: Record<string, string> }[] {
  return Object.values(dashboards())
    .flat()
    .flatMap(linesOf)
    .filter(([namespace]) => namespace === metricNamespace)
    .map(([, metric = "", ...rest]) => ({ metric, dimensions: pairs(rest) }));
}

function pairs(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.flatMap((name, index): [string, string][] => (index % 2 === 0 ? [[name, list[index + 1] ?? ""]] : [])),
  );
}

it.each(stages)("makes every alarm of %s that is the stacks' to make, each telling the alarm topic", (stage) => {
  const synthesized = stage === "prod" ? made : synthesize(stage);
  try {
    const stack = synthesized.template("observability");
    const mine = alarmDefinitions(stage).filter(({ madeBy }) => madeBy === "stacks");
    stack.resourceCountIs("AWS::CloudWatch::Alarm", mine.length);
    for (const alarm of mine) {
      stack.hasResourceProperties("AWS::CloudWatch::Alarm", {
        AlarmName: alarm.name,
        AlarmDescription: alarmDescription(alarm, settingsOf(stage).approvals),
        AlarmActions: [{ "Fn::ImportValue": Match.stringLikeRegexp("Alarms") }],
        OKActions: [{ "Fn::ImportValue": Match.stringLikeRegexp("Alarms") }],
        ComparisonOperator: alarm.comparison,
        Threshold: alarm.threshold,
        EvaluationPeriods: alarm.evaluationPeriods,
        DatapointsToAlarm: alarm.datapointsToAlarm,
        TreatMissingData: alarm.missingData,
        ...(alarm.expression === undefined
          ? {
              Namespace: alarm.metrics[0].namespace,
              MetricName: alarm.metrics[0].metricName,
              Statistic: alarm.metrics[0].statistic,
              Period: alarm.metrics[0].periodSeconds,
            }
          : {
              Metrics: Match.arrayWith([
                Match.objectLike({ Expression: alarm.expression, ReturnData: true }),
                ...alarm.metrics.map(({ id, metricName }) =>
                  Match.objectLike({
                    Id: id,
                    ReturnData: false,
                    MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: metricName }) }),
                  }),
                ),
              ]),
            }),
      });
    }
  } finally {
    if (stage !== "prod") rmSync(synthesized.directory, { recursive: true, force: true });
  }
});

it("hears a fleet that has fallen silent, also where there is nothing to hear", () => {
  made.template("observability").hasResourceProperties("AWS::CloudWatch::Alarm", {
    AlarmName: "steward-prod-heartbeat-silence",
    TreatMissingData: "breaching",
    Metrics: Match.arrayWith([Match.objectLike({ Expression: "IF(expected > 0, beats, 1)" })]),
  });
});

describe("runbooks", () => {
  const named = new Set([...alarmDefinitions("prod").map(({ runbook }) => runbook), budgetAlarm.runbook]);
  const pages = readdirSync(runbooks).filter((file) => file !== "README.md");

  it("has a page for every alarm, an alarm for every page, and all in the list", () => {
    // No alarm tells of a key in wrong hands: somebody knows.
    expect(pages.sort()).toEqual([...named, "lost-key"].map((name) => `${name}.md`).sort());
    const list = readFileSync(join(runbooks, "README.md"), "utf8");
    for (const page of pages) expect(list).toContain(`(${page})`);
  });

  it.each(pages)("%s says what a person needs at night", (page) => {
    const text = readFileSync(join(runbooks, page), "utf8");
    const parts = ["**What it means.**", "**How bad.**", "## Look here first", "## Likely causes", "## What to do"];
    for (const part of [...parts, "**It is over", "**To prevent it.**"]) expect(text, part).toContain(part);
    expect(text).toMatch(/```sh\n[^]+?```/);
  });

  it("points only to pages, sections, dashboards and functions that exist", () => {
    const exist = new Set([
      ...dashboardNames.map((name) => `steward-$STAGE-${name}`),
      ...functionNames.map((name) => `steward-$STAGE-${name}`),
      ...alarmDefinitions("$STAGE").map(({ name }) => name),
      ...queueNames.flatMap((queue) => [
        resourceNames("$STAGE").queue(queue),
        resourceNames("$STAGE").deadLetterQueue(queue),
      ]),
    ]);
    for (const page of [...pages, "README.md"]) {
      const text = readFileSync(join(runbooks, page), "utf8");
      for (const [, target = "", section] of text.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)) {
        expect(existsSync(join(runbooks, target)), `${page} → ${target}`).toBe(true);
        if (section === undefined) continue;
        const titles = readFileSync(join(runbooks, target), "utf8").matchAll(/^#+ (.+)$/gm);
        expect(
          [...titles].map(([, title = ""]) => anchorOf(title)),
          page,
        ).toContain(section);
      }
      for (const [command] of text.matchAll(/\/aws\/lambda\/steward-\$STAGE-[a-z-]+(?=")/g)) {
        expect(exist, page).toContain(command.replace("/aws/lambda/", ""));
      }
      for (const [, name = ""] of text.matchAll(/(?:dashboard|--alarm-names) ["`](steward-\$STAGE-[a-z0-9-]+)["`]/g)) {
        expect(exist, page).toContain(name);
      }
    }
  });
});

/** The name that GitHub gives a title. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, "")
    .replaceAll(" ", "-");
}

describe("dashboards", () => {
  it("are the six, each with the states of its alarms above, and every alarm on one of them", () => {
    const found = dashboards();
    expect(Object.keys(found).sort()).toEqual(dashboardNames.map((name) => `steward-prod-${name}`).sort());
    const shown = Object.values(found).flatMap(([first]) => first?.properties.alarms ?? []);
    const arn = (name: string) => `arn:aws:cloudwatch:eu-central-1:${settingsOf("prod").account}:alarm:${name}`;
    expect(shown.sort()).toEqual(
      alarmDefinitions("prod")
        .map(({ name }) => arn(name))
        .sort(),
    );
  });

  it("show every queue, dead-letter queue, lane and function", () => {
    const found = dashboards();
    const drawn = (name: string) => JSON.stringify(found[`steward-prod-${name}`]);
    const names = resourceNames("prod");
    for (const queue of queueNames) {
      for (const one of [names.queue(queue), names.deadLetterQueue(queue)])
        expect(drawn("queues")).toContain(`"${one}"`);
    }
    for (const lane of lanes) expect(drawn("queues")).toContain(`"Lane","${lane}"`);
    for (const name of functionNames) expect(drawn("api")).toContain(`"${names.lambda(name)}"`);
  });

  it("can be read: inside the page, nothing upon another, few lines in a graph", () => {
    for (const [name, widgets] of Object.entries(dashboards())) {
      const taken = new Set<string>();
      for (const { x, y, width, height, properties } of widgets) {
        expect(x + width, `${name}: ${properties.title}`).toBeLessThanOrEqual(24);
        expect(properties.metrics.length, properties.title).toBeLessThanOrEqual(functionNames.length);
        for (let row = y; row < y + height; row += 1) {
          for (let column = x; column < x + width; column += 1) {
            expect(taken.has(`${column},${row}`), `${name}: ${properties.title}`).toBe(false);
            taken.add(`${column},${row}`);
          }
        }
      }
      expect(Math.max(...widgets.map(({ y, height }) => y + height)), name).toBeLessThanOrEqual(40);
    }
  });
});

describe("our own metrics", () => {
  it("are only those that are defined, with their own dimensions, wherever one is named", () => {
    const inAlarms = alarmDefinitions("prod")
      .flatMap(({ metrics }) => metrics)
      .filter(({ namespace }) => namespace === metricNamespace)
      .map(({ metricName, dimensions }) => ({ metric: metricName, dimensions }));
    // Those that scale the workers, too.
    const inStacks = made.templates.flatMap((template) =>
      Object.values(template.findResources("AWS::CloudWatch::Alarm")).flatMap(({ Properties }) => ownIn(Properties)),
    );
    expect(inStacks.length).toBeGreaterThan(inAlarms.filter(({ metric }) => metric !== "Faults").length);
    for (const { metric, dimensions } of [...inAlarms, ...inStacks, ...ownLines()]) {
      const definition = metricsOf[metric];
      expect(definition, metric).toBeDefined();
      expect(Object.keys(dimensions).sort(), metric).toEqual(
        ["Stage", ...Object.keys(definition?.dimensions ?? {})].sort(),
      );
      expect(dimensions["Stage"]).toBe("prod");
      for (const [dimension, values] of Object.entries(definition?.dimensions ?? {})) {
        const known = dimension === "Function" ? functionNames : values;
        expect(known, `${metric} ${dimension}`).toContain(dimensions[dimension]);
      }
    }
  });

  it("are all shown, with every value of every dimension", () => {
    const key = (metric: string, dimensions: Readonly<Record<string, string>>) =>
      `${metric} ${Object.entries(dimensions)
        .filter(([name]) => name !== "Stage")
        .map(([, value]) => value)
        .join(" ")}`;
    const shown = ownLines().map(({ metric, dimensions }) => key(metric, dimensions));
    for (const [metric, { dimensions }] of Object.entries(metricsOf)) {
      const [values] = Object.entries(dimensions).map(([name, all]) => (name === "Function" ? functionNames : all));
      for (const value of values ?? [""]) expect(shown).toContain(`${metric} ${value}`);
    }
  });

  it("are all measured somewhere", () => {
    const sources = globSync("packages/{control,functions}/src/**/*.ts", { cwd: root }).filter(
      (file) => !file.endsWith(".test.ts"),
    );
    const code = sources.map((file) => readFileSync(join(root, file), "utf8")).join("\n");
    const measured = new Set(
      [...code.matchAll(/\b(?:meter\(|embeddedMetric\(stage,)\s*"(\w+)"/g)].map(([, name = ""]) => name),
    );
    expect([...measured].sort()).toEqual(Object.keys(metricDefinitions).sort());
  });
});

const ownSchema = z.object({
  Namespace: z.literal(metricNamespace),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })),
});

/** Every metric of ours in what an alarm is made of. */
function ownIn(value: unknown): { metric: string; dimensions: Record<string, string> }[] {
  if (typeof value !== "object" || value === null) return [];
  const own = ownSchema.safeParse(value);
  if (!own.success) return Object.values(value).flatMap(ownIn);
  const { MetricName: metric, Dimensions } = own.data;
  return [{ metric, dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value])) }];
}
