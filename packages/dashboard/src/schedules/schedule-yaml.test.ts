import { createScheduleSchema } from "@steward/contracts/schedule";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { scheduleYaml } from "./schedule-yaml.ts";

const value = fc.oneof(fc.string({ maxLength: 30 }), fc.integer(), fc.boolean(), fc.array(fc.string({ maxLength: 9 })));
const schedules = fc.uniqueArray(
  fc
    .record({
      name: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/),
      when: fc.constantFrom({ rate: "every 6 hours" }, { cron: "0 3 * * MON", timeZone: "Europe/Berlin" }),
      steps: fc.array(
        fc.record({
          action: fc.constantFrom("users.add", "disk.usage", "no"),
          variables: fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,9}$/), value, { maxKeys: 4 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      targets: fc.array(fc.constantFrom("all", "ring:canary", "site:berlin", "yes", "1e3"), {
        minLength: 1,
        maxLength: 3,
      }),
      mode: fc.constantFrom("apply" as const, "check" as const),
      jitterSeconds: fc.constantFrom(0, 30),
      late: fc.constantFrom(
        { policy: "skip" as const, withinMinutes: 60 },
        { policy: "run" as const, withinMinutes: 5 },
      ),
      rollout: fc.constantFrom(undefined, { waves: [{ count: 1 }, { percent: 100 }], maxConcurrency: 5 }),
    })
    // A key `__proto__` would be none of an own field.
    .map(({ rollout, ...rest }) => createScheduleSchema.parse(rollout === undefined ? rest : { ...rest, rollout })),
  { selector: ({ name }) => name, maxLength: 4 },
);

test("the file says what the schedules are, and reading it gives them back", () => {
  fc.assert(
    fc.property(schedules, (given) => {
      const text = scheduleYaml(given.map(({ name, ...definition }) => ({ name, definition })));
      const file = parse(text) as { version: number; schedules: unknown[] };
      expect(file.version).toBe(1);
      expect(file.schedules.map((one) => createScheduleSchema.parse(one))).toEqual(given);
    }),
  );
});

test("what is as it is by itself is left out", () => {
  const definition = createScheduleSchema.parse({
    name: "updates",
    when: { cron: "0 3 * * MON", timeZone: "Europe/Berlin" },
    steps: [{ action: "packages.update", variables: { securityOnly: true } }],
    targets: ["ring:canary"],
  });
  expect(scheduleYaml([{ name: "updates", definition }])).toBe(`# steward schedule apply schedules.yaml
version: 1
schedules:
  - name: updates
    when:
      cron: "0 3 * * MON"
      timeZone: "Europe/Berlin"
    steps:
      - action: packages.update
        variables:
          securityOnly: true
    targets: ["ring:canary"]
`);
});
