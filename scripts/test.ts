import { run } from "./run.ts";

/**
 * The whole suite. What needs Ansible's sandbox or a browser is skipped loudly where they are missing;
 * `STEWARD_REQUIRE=ansible,chromium` makes such a skip a failure.
 */
const { code } = await run([
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=./scripts/summary-reporter.ts",
  ...process.argv.slice(2),
]);
process.exitCode = code;
