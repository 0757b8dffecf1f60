import type { Reporter, TestModule } from "vitest/node";

/** Ends the run with one plain line of counts, after everything else has been printed. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        if (state === "pending") counts.failed += 1;
        else counts[state] += 1;
      }
      // A file that could not even be loaded has no tests to count, and is a failure all the same.
      if (tests.length === 0 && module.state() === "failed") counts.failed += 1;
    }
    counts.failed += unhandledErrors.length;
    const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
    process.once("exit", () => process.stdout.write(line));
  }
}
