import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { testAppId } from "./packages/local/src/cloud/call-recorder.ts";

/**
 * They hold something to a time: what else the machine does must not be in what they see. All others run two at a time, and
 * must not mind a neighbour: a test that says how quick something is belongs here.
 */
const alone = [
  "test/chaos/{kill,lossy-output}.test.ts",
  "test/browser/quick.test.ts",
  "test/e2e/{fairness,limits,models,real-ollama,sign-in,start}.test.ts",
  "test/audit/seal-trail.test.ts",
  "test/infra/workers-drain.test.ts",
  "test/aws/claude.test.ts",
  "packages/{agent,local,node-client,worker}/test/**/*.system.test.ts",
];
/**
 * They kill, start and wait, for minutes, and leave the processors idle for most of it: two of their kind go beside each other,
 * and not beside those that keep both busy.
 */
const faults = ["test/chaos/**/*.test.ts", "test/e2e/systemd.test.ts"];
const env = {
  // Marks the tests' own calls: the parts of Steward are processes with an environment of their own.
  AWS_SDK_UA_APP_ID: testAppId,
  // Whatever is started from the sources compiles them once for all tests: half of what a short command takes.
  NODE_COMPILE_CACHE: join(tmpdir(), "steward-test-compiled"),
};
const patience = { testTimeout: 120_000, hookTimeout: 120_000 };

// Five projects: `unit` is pure and quick (part of `npm run check`), `alone` talks to real processes one file at a time,
// `faults` and `beside` do so two at a time, and `after` looks at what the others have left behind.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          // All have an order: a project without one, and with one worker (as on two cores), would come last.
          sequence: { groupOrder: 1 },
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["**/*.system.test.ts", "**/node_modules/**"],
          // Files of a worker share what they import: loading zod, fast-check and the catalogue anew for each of them cost
          // more than all the tests. What a test puts in the place of something else is taken back before the next one.
          isolate: false,
          restoreMocks: true,
          unstubEnvs: true,
          unstubGlobals: true,
        },
      },
      {
        test: {
          name: "alone",
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          env,
          include: alone,
          ...patience,
        },
      },
      {
        test: {
          name: "faults",
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          env,
          include: faults,
          exclude: [...alone, "**/node_modules/**"],
          ...patience,
        },
      },
      {
        test: {
          name: "beside",
          // Two cores are what CI has; a file with an installation of its own uses more than one, and waits for it at times.
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
          env,
          include: ["packages/*/{src,test}/**/*.system.test.ts", "test/**/*.test.ts"],
          exclude: [...alone, ...faults, "test/after/**", "**/node_modules/**"],
          ...patience,
        },
      },
      {
        test: {
          name: "after",
          sequence: { groupOrder: 5 },
          include: ["test/after/**/*.test.ts"],
        },
      },
    ],
  },
});
