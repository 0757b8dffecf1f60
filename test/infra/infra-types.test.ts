import { beforeAll, expect, test } from "vitest";
import { run } from "../../scripts/run.ts";
import { ensurePlatform, unpackingTimeoutMs } from "../../scripts/sst-platform.ts";

beforeAll(ensurePlatform, unpackingTimeoutMs);

test("infra/ and sst.config.ts fit the types of SST's and Pulumi's components", async () => {
  const { code, output } = await run(["tsc", "-p", "infra/tsconfig.json"], { quiet: true });
  expect(output).toBe("");
  expect(code).toBe(0);
});
