import { run } from "./run.ts";

/**
 * What must be green on every commit: format, lint, types, dead code, unit tests. Under a minute. `--static` leaves the tests
 * out, for whoever runs all of them next.
 */
const all: { name: string; command: string[] }[] = [
  { name: "format", command: ["biome", "format", "."] },
  { name: "lint", command: ["oxlint", "--deny-warnings"] },
  {
    name: "types",
    command: ["tsc", "-b", "tsconfig.json", "packages/contracts/tsconfig.json", "packages/dashboard/tsconfig.json"],
  },
  { name: "dead code", command: ["knip"] },
  { name: "unit tests", command: ["vitest", "run", "--project", "unit", "--silent", "--reporter=dot"] },
];

const steps = process.argv.includes("--static") ? all.filter(({ name }) => name !== "unit tests") : all;

let failed = 0;
let total = 0;
for (const step of steps) {
  const { code, output, seconds } = await run(step.command, { quiet: true });
  total += seconds;
  process.stdout.write(`${code === 0 ? "ok  " : "FAIL"} ${step.name.padEnd(12)} ${seconds.toFixed(1)} s\n`);
  if (code !== 0) {
    failed += 1;
    process.stdout.write(`${output.trim()}\n\n`);
  }
}
process.stdout.write(
  `${failed === 0 ? "all checks pass" : `${failed} of ${steps.length} checks fail`} (${total.toFixed(0)} s)\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
