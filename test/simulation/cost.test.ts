import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { root } from "../../scripts/run.ts";

it("the committed cost sheet is what the functions' calls come to now: its hour, its tenants, its seldom beats", async () => {
  // In a process of its own: its clock is the simulation's.
  const { stdout } = await promisify(execFile)(process.execPath, ["scripts/bench/cost.ts", "--check"], {
    cwd: root,
  }).catch((error: { stdout: string; code: number }) =>
    error.code === 1 && error.stdout !== "" ? error : Promise.reject(error),
  );
  expect(stdout).toBe(
    "as metered: an hour of 100 appliances, 20 tenants more, a beat in 300 s; not metered again: 1,000 appliances, 10 outages\n",
  );
}, 300_000);
