import { afterAll, beforeAll, expect, test } from "vitest";
import { dnsServerSetup } from "../../packages/catalogue/src/actions/dns.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";

describeWithSandbox("a preview on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("says task by task what would change, with the lines that a file would get", async () => {
    const { changes, changed } = await appliance.run(dnsServerSetup, { domain: "home.example" }, { mode: "check" });
    expect(changed).toBeGreaterThan(0);
    expect(changes).toHaveLength(changed);
    const file = changes?.find(({ diff }) => diff?.includes("home.example"));
    expect(file?.diff).toMatch(/^\+.*home\.example/m);
    expect(file?.diff).toMatch(/^--- before/m);
  });
});
