import { applianceConfigSchema } from "@steward/contracts/appliance-config";
import fc from "fast-check";
import { expect, test } from "vitest";
import { configOf, draftOf, problemAt, readJson } from "./config-draft.ts";

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const units = fc.uniqueArray(fc.constantFrom("nginx", "smbd.service", "backup.timer", "getty@tty1.service"), {
  minLength: 1,
});
const paths = fc.uniqueArray(fc.constantFrom("/", "/srv", "/etc/ssl/nas.pem", "/backup/"), { minLength: 1 });
const aWatch = fc.record(
  {
    services: units,
    ignoreServices: units,
    certificates: paths,
    filesystems: paths,
    drives: fc.boolean(),
    updates: fc.boolean(),
    temperature: fc.tuple(fc.integer({ min: 20, max: 150 }), fc.integer({ min: 20, max: 150 })).map(([one, other]) => ({
      warning: Math.min(one, other),
      critical: Math.max(one, other),
    })),
  },
  { requiredKeys: [] },
);
const aConfig = fc
  .record({
    intervalSeconds: optional(fc.integer({ min: 15, max: 300 })),
    doorbell: optional(fc.constantFrom("pull", "ssm")),
    logLevel: optional(fc.constantFrom("info", "debug")),
    watch: optional(aWatch.filter((watch) => Object.keys(watch).length > 0)),
  })
  .map((config) => applianceConfigSchema.parse(JSON.parse(JSON.stringify(config))));

test("what a form shows and nobody touches is what it was", () => {
  fc.assert(
    fc.property(aConfig, (config) => {
      expect(configOf(draftOf(config))).toEqual({ config, problems: [] });
    }),
  );
});

test("so is its text, also as the command line prints it", () => {
  fc.assert(
    fc.property(aConfig, (config) => {
      expect(readJson(JSON.stringify(config)).config).toEqual(config);
      expect(readJson(JSON.stringify({ nodeId: "apl_1", revision: 3, config })).config).toEqual(config);
    }),
  );
  expect(readJson("{").problems[0]?.message).toMatch(/^is not JSON/);
  expect(readJson('{"intervalSeconds":60,"door":"open"}').config).toBeUndefined();
});

test("what is wrong is said at its field", () => {
  const draft = {
    ...draftOf({}),
    interval: "5",
    services: "nginx\n../etc",
    temperatureWarning: "90",
    temperatureCritical: "80",
  };
  const { problems } = configOf(draft);
  expect(problemAt(problems, "intervalSeconds")).toBeDefined();
  expect(problemAt(problems, "watch.services")).toMatch(/unit's name/);
  expect(problemAt(problems, "watch.temperature")).toMatch(/before what is critical/);
  expect(problemAt(problems, "doorbell")).toBeUndefined();
  expect(configOf({ ...draftOf({}), interval: "soon" }).config).toBeUndefined();
  expect(configOf({ ...draftOf({}), temperatureWarning: "70" }).config).toBeUndefined();
});
