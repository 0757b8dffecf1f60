import { applianceConfigSchema } from "@steward/contracts/appliance-config";
import { changedFields } from "@steward/contracts/changed-fields";
import { canonical } from "@steward/contracts/canonical";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planConfig, riskOfChange } from "./plan-config.ts";

const units = fc.uniqueArray(fc.constantFrom("nginx", "smbd", "backup.timer", "dovecot"), { maxLength: 3 });
const maybe = { requiredKeys: [] };
const configs = fc
  .record(
    {
      intervalSeconds: fc.integer({ min: 15, max: 300 }),
      doorbell: fc.constantFrom("pull" as const, "ssm" as const),
      logLevel: fc.constantFrom("info" as const, "debug" as const),
      watch: fc.record(
        {
          services: units,
          ignoreServices: units,
          certificates: fc.uniqueArray(fc.constantFrom("/etc/ssl/a.pem", "/etc/ssl/b.pem"), { maxLength: 2 }),
          filesystems: fc.uniqueArray(fc.constantFrom("/srv", "/backup"), { maxLength: 2 }),
          drives: fc.boolean(),
          updates: fc.boolean(),
          temperature: fc.constantFrom({ warning: 70, critical: 80 }, { warning: 85, critical: 150 }),
        },
        maybe,
      ),
    },
    maybe,
  )
  .map((config) => applianceConfigSchema.parse(config));

describe("a change of a configuration", () => {
  it("tells exactly the fields that differ, and none where nothing does", () => {
    fc.assert(
      fc.property(configs, configs, (before, after) => {
        const changes = changedFields(before, after);
        expect(changedFields(before, before)).toEqual([]);
        // Each is at its place in both.
        const at = (config: object, path: string) =>
          path.split(".").reduce<unknown>((one, name) => (one as Record<string, unknown> | undefined)?.[name], config);
        for (const change of changes) {
          expect(at(before, change.path)).toEqual(change.before);
          expect(at(after, change.path)).toEqual(change.after);
          expect(canonical([change.before ?? null])).not.toBe(canonical([change.after ?? null]));
        }
        const withoutEmpty = ({ watch, ...rest }: typeof before) =>
          canonical(watch === undefined || Object.keys(watch).length === 0 ? rest : { ...rest, watch });
        if (changes.length === 0) expect(withoutEmpty(before)).toBe(withoutEmpty(after));
      }),
    );
  });

  it("that adds to what is watched is low, and one that takes away is not", () => {
    fc.assert(
      fc.property(configs, configs, (before, after) => {
        const watches = ({ watch = {} }: typeof before) =>
          new Set([
            ...(watch.services ?? []).map((one) => `service ${one}`),
            ...(watch.certificates ?? []).map((one) => `certificate ${one}`),
            ...(watch.filesystems ?? []).map((one) => `file system ${one}`),
            ...(watch.drives === false ? [] : ["drives"]),
            ...(watch.updates === false ? [] : ["updates"]),
            ...["nginx", "smbd", "backup.timer", "dovecot"]
              .filter((one) => watch.ignoreServices?.includes(one) !== true)
              .map((one) => `told ${one}`),
          ]);
        const limits = ({ watch }: typeof before) => watch?.temperature ?? { warning: 85, critical: 95 };
        const seconds = ({ intervalSeconds = 60 }: typeof before) => intervalSeconds;
        const isLess =
          [...watches(before)].some((one) => !watches(after).has(one)) ||
          limits(after).warning > limits(before).warning ||
          limits(after).critical > limits(before).critical ||
          seconds(after) > Math.max(120, seconds(before));
        const called = before.doorbell !== after.doorbell;
        expect(riskOfChange(before, after).risk).toBe(isLess || called ? "medium" : "low");
      }),
    );
  });

  it("is bound to all that it sets: another one has another hash", () => {
    const about = { tenantId: "ten_a", nodeId: "apl_a", revision: 1, releaseVersion: 1, expiresAtMs: 1 };
    fc.assert(
      fc.property(configs, configs, (one, other) => {
        const [a, b] = [one, other].map((after) => planConfig({ ...about, before: {}, after }).plan.contentHash);
        expect(a === b).toBe(canonical(one) === canonical(other));
      }),
    );
  });
});
