import { defineConfig } from "vitest/config";
import { testAppId } from "./packages/local/src/cloud/call-recorder.ts";

// Three projects: `unit` is pure and quick (part of `npm run check`), `system` talks to real processes, and `after` looks at
// what the others have left behind.
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
          exclude: ["test/after/**", "**/node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "after",
          sequence: { groupOrder: 3 },
          include: ["test/after/**/*.test.ts"],
        },
      },
    ],
  },
});
