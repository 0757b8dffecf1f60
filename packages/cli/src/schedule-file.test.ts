import { createScheduleSchema, type ScheduleView } from "@steward/contracts/schedule";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { CliError } from "./exit-codes.ts";
import { parseScheduleFile, planChanges } from "./schedule-file.ts";

const good = `version: 1
schedules:
  - name: updates
    when: { cron: "0 3 * * MON", timeZone: Europe/Berlin }
    targets: [ring:canary]
    steps:
      - action: packages.update
        variables: { securityOnly: true }
  - name: disk
    when: { rate: every 6 hours }
    targets: [all]
    steps:
      - action: disk.usage
        variables: {}
`;
const problems = (text: string) => {
  try {
    parseScheduleFile(text, "s.yaml");
  } catch (error) {
    if (error instanceof CliError) return error.fields?.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
  return undefined;
};
const viewOf = (name: string, definition: object, standing = false): ScheduleView => {
  const { name: _, ...rest } = createScheduleSchema.parse({ name, ...definition });
  return { id: `sch_${name}`, name, definition: rest, ...(standing ? { standing: {} } : {}) } as ScheduleView;
};

describe("a file of schedules", () => {
  it("is read with the defaults that a schedule has", () => {
    const { schedules } = parseScheduleFile(good, "s.yaml");
    expect(schedules.map(({ name, overlap, late }) => ({ name, overlap, policy: late.policy }))).toEqual([
      { name: "updates", overlap: "skip", policy: "skip" },
      { name: "disk", overlap: "skip", policy: "skip" },
    ]);
  });

  it.each([
    ["a value", good.replace("ring:canary", "'no such!'"), ["s.yaml:5:15 0.targets.0: must be an appliance's id"]],
    [
      "an unknown field",
      good.replace("    targets: [all]", "    target: [all]"),
      ["s.yaml:11:5 1.target is not known", "s.yaml:9:5"],
    ],
    ["a cron pattern", good.replace("0 3 * * MON", "0 3 * *"), ["s.yaml:4:13 0.when.cron: must have five fields"]],
    ["a rate", good.replace("every 6 hours", "six hours"), ["s.yaml:10:13 1.when.rate: must look like"]],
    ["a name twice", good.replace("name: disk", "name: updates"), ["s.yaml:9:5 there is a schedule updates above"]],
    ["YAML", good.replace("[all]", "[all"), ["s.yaml:1"]],
    ["no version", good.replace("version: 1\n", ""), ["s.yaml:1:1 version:"]],
  ])("that is wrong says where: %s", (_, text, expected) => {
    const found = problems(text) ?? [];
    for (const one of expected)
      expect(
        found.some((line) => line.startsWith(one)),
        `${one} in ${found.join("\n")}`,
      ).toBe(true);
  });

  it("never throws anything but what is wrong with it", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => stringify(value)),
        ),
        (text) => {
          const found = problems(text);
          for (const line of found ?? []) expect(line).toMatch(/^s\.yaml:\d+:\d+ /);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("what has to change", () => {
  const { schedules: wanted } = parseScheduleFile(good, "s.yaml");
  const [updates, disk] = wanted;
  if (updates === undefined || disk === undefined) throw new Error("two");

  it("is nothing where it was applied, whatever else there is", () => {
    const present = [viewOf("updates", updates), viewOf("disk", disk), viewOf("other", disk)];
    expect(planChanges(wanted, present, { prune: false }).map(({ kind }) => kind)).toEqual(["same", "same"]);
    expect(planChanges(wanted, present, { prune: true }).map(({ kind }) => kind)).toEqual(["same", "same", "delete"]);
  });

  it("keeps a standing approval unless the content changes", () => {
    const change = (changes: object) =>
      planChanges(wanted, [viewOf("updates", { ...updates, ...changes }, true)], { prune: false })[0];
    expect(change({ jitterSeconds: 60 })).toMatchObject({ kind: "update", voidsApproval: true });
    expect(change({ targets: ["all"] })).toMatchObject({
      kind: "update",
      voidsApproval: true,
      fields: [{ path: "targets", before: ["all"], after: ["ring:canary"] }],
    });
  });

  it("creates what there is not", () => {
    expect(planChanges(wanted, [], { prune: true })).toMatchObject([
      { kind: "create", name: "updates" },
      { kind: "create", name: "disk" },
    ]);
  });
});
