import { defineConfig } from "vitest/config";
import { testAppId } from "./packages/local/src/cloud/call-recorder.ts";

const besideEachOther = ["infra", "ansible", "simulation", "planning", "lint"].map(
  (folder) => `test/${folder}/**/*.test.ts`,
);
const patience = { testTimeout: 120_000, hookTimeout: 120_000 };

// Four projects: `unit` is pure and quick (part of `npm run check`), `system` talks to real processes, `beside` does so two
// files at a time, and `after` looks at what the others have left behind.
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
          name: "system",
          // One file at a time: each brings up whole installations, and measures what it waits for.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          // Marks the tests' own calls: the parts of Steward are processes with an environment of their own.
          env: { AWS_SDK_UA_APP_ID: testAppId },
          include: ["packages/*/{src,test}/**/*.system.test.ts", "test/**/*.test.ts"],
          exclude: [...besideEachOther, "test/after/**", "**/node_modules/**"],
          ...patience,
        },
      },
      {
        test: {
          name: "beside",
          // Each file keeps one core busy (a synthesis, a playbook in its sandbox, a simulation), and measures nothing.
          fileParallelism: true,
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          env: { AWS_SDK_UA_APP_ID: testAppId },
          include: besideEachOther,
          ...patience,
        },
      },
      {
        test: {
          name: "after",
          sequence: { groupOrder: 4 },
          include: ["test/after/**/*.test.ts"],
        },
      },
    ],
  },
});
