import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

/**
 * The whole suite. What needs Ansible's sandbox or a browser is skipped loudly where they are missing;
 * `STEWARD_REQUIRE=ansible,chromium` makes such a skip a failure.
 *
 * What the parts of Steward ask of the local cloud meanwhile is noted, and held to their rights at the end (`test/after`).
 */
const filters = process.argv.slice(2);
const recordings = mkdtempSync(join(tmpdir(), "steward-calls-"));
const { code } = await run(
  ["vitest", "run", "--reporter=default", "--reporter=./scripts/summary-reporter.ts", ...filters],
  {
    env: {
      STEWARD_RECORD_CALLS: recordings,
      // Which rights are never used can be told only when everything ran.
      ...(filters.length === 0 ? { STEWARD_WHOLE_SUITE: "true" } : {}),
    },
  },
);
rmSync(recordings, { recursive: true, force: true });
process.exitCode = code;
