import fc from "fast-check";
import { metricsSchema } from "@steward/contracts/heartbeat";
import { nodeNameSchema, tagSchema } from "@steward/contracts/node";
import { expect, it } from "vitest";
import { demoAppliances, demoTenants } from "./demo-fleet.ts";
import { demoMetrics } from "./fleet/demo-metrics.ts";

it("has as many appliances as were asked for, with names and tags that the API takes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
      const fleet = demoAppliances(count);
      expect(new Set(fleet.map(({ name }) => name)).size).toBe(count);
      for (const { name, tags } of fleet) {
        expect(nodeNameSchema.safeParse(name).success).toBe(true);
        for (const tag of tags) expect(tagSchema.safeParse(tag).success).toBe(true);
      }
    }),
    { numRuns: 30 },
  );
});

it("gives every tenant a canary, one appliance a full disk, one a silent end, and half a doorbell by SSM", () => {
  const fleet = demoAppliances(25);
  for (const { slug } of demoTenants) {
    expect(fleet.filter(({ tenant, tags }) => tenant === slug && tags.includes("ring:canary"))).toHaveLength(1);
  }
  expect(fleet.filter(({ diskPercent }) => diskPercent === 91)).toHaveLength(1);
  expect(fleet.filter(({ silentAfterSeconds }) => silentAfterSeconds !== undefined)).toHaveLength(1);
  expect(fleet.filter(({ doorbell }) => doorbell === "ssm")).toHaveLength(12);
});

it("is the same fleet however many are added: a larger one begins with the smaller one", () => {
  expect(
    demoAppliances(30)
      .slice(0, 10)
      .map(({ name }) => name),
  ).toEqual(demoAppliances(10).map(({ name }) => name));
});

it("invents metrics that a heartbeat takes", () => {
  const measure = demoMetrics("acme-berlin-01");
  for (let beat = 0; beat < 1000; beat += 1) expect(metricsSchema.safeParse(measure()).success).toBe(true);
  expect(demoMetrics("x", { diskPercent: 91 })().diskPercent).toBe(91);
});
