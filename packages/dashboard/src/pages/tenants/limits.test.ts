import { setTenantLimitsSchema } from "@steward/contracts/tenant";
import { tenantLimits } from "@steward/contracts/defaults";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf, isSameDraft, limitNames, limitProblem, limitsBody, shownLimit } from "./limits.ts";

describe("a tenant's limits in a form", () => {
  it("leaves out what is the default, so that it stays one", () => {
    const draft = draftOf({ limits: { ...tenantLimits, appliances: 50 }, ownLimits: ["appliances"] });
    expect(draft.tasksPerDay).toBeUndefined();
    expect(limitsBody(draft)).toEqual({ appliances: 50 });
  });

  it("shows bytes as GB, and sends bytes", () => {
    expect(shownLimit("outputBytesPerDay", 10 * 1024 ** 3)).toBe(10);
    const draft = draftOf({ limits: { ...tenantLimits }, ownLimits: ["outputBytesPerDay"] });
    expect(limitsBody(draft)).toEqual({ outputBytesPerDay: tenantLimits.outputBytesPerDay });
  });

  it("gives back what it was given, and the API takes it", () => {
    const limits = fc.record({
      appliances: fc.nat(1_000_000),
      tasksPerDay: fc.nat(100_000_000),
      queuedJobs: fc.nat(1_000_000),
      modelUsdPerMonth: fc.nat(1_000_000),
      outputBytesPerDay: fc.nat(2 ** 31 - 1),
    });
    fc.assert(
      fc.property(limits, fc.subarray(limitNames), (all, own) => {
        const draft = draftOf({ limits: all, ownLimits: own });
        const body = limitsBody(draft);
        expect(setTenantLimitsSchema.parse(body)).toEqual(Object.fromEntries(own.map((name) => [name, all[name]])));
        expect(isSameDraft(draft, draftOf({ limits: all, ownLimits: own }))).toBe(true);
        expect(limitNames.map((name) => limitProblem(name, draft[name])).every((one) => one === undefined)).toBe(true);
      }),
    );
  });

  it("says what is no limit", () => {
    expect(limitProblem("appliances", 1.5)).toBe("must be a whole number");
    expect(limitProblem("modelUsdPerMonth", 1.5)).toBeUndefined();
    expect(limitProblem("appliances", -1)).toBe("must be a number from 0 on");
    expect(limitProblem("appliances", Number.NaN)).toBe("must be a number from 0 on");
  });
});
