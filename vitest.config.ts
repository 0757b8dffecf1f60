import { defineConfig } from "vitest/config";

// Two projects: `unit` is pure and quick (part of `npm run check`); `system` talks to real processes.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["**/*.system.test.ts", "**/node_modules/**"],
        },
      },
      {
        test: {
          name: "system",
          // One file at a time: each brings up whole installations, and measures what it waits for.
          fileParallelism: false,
          include: ["packages/*/{src,test}/**/*.system.test.ts", "test/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
