import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type FunctionDefinition, functionDefinitions } from "@steward/functions/definitions";
import { expect, test } from "vitest";
import { root } from "../../scripts/run.ts";
import { filesBelow } from "../support/files-below.ts";

/** A line that goes into a log passes `log-line.ts`, which redacts it. What writes otherwise answers somebody at a terminal. */
const answers: Readonly<Record<string, string>> = {
  "packages/agent/bin/steward-agent.js": "says which Node it needs, before anything is loaded",
  "packages/worker/bin/steward-worker.js": "says which Node it needs, before anything is loaded",
  "packages/cli/bin/steward.js": "says which Node it needs, before anything is loaded",
  "packages/local/bin/start.js": "says which Node it needs, before anything is loaded",
  "packages/agent/src/main.ts": "usage, status and doctor",
  "packages/worker/src/main.ts": "usage, status and doctor",
  "packages/node-client/src/service-commands.ts":
    "how an installation, an upgrade or a removal goes on, to whoever started it",
  "packages/cli/src/ui.ts": "the CLI's questions",
  "packages/local/src/run-supervisor.ts": "how to use what was started, with the sign-in link it was started for",
  "packages/local/src/cloud/main.ts": "the line that says that it is ready",
};
const writes = /\bconsole\.\w+|\bprocess\.(?:stdout|stderr)\.write\(|\bprocess\.(?:stdout|stderr)\b(?=\s*[,)])/g;
const redacting = /\((?:textLine|jsonLine)\(|\(line\), \{ app:|write\(line\)/;

/** What a handler throws Lambda writes itself: those that are no door and consume no queue throw through `redactErrors`. */
test("what a function throws passes the redaction as well", () => {
  const definitions: Record<string, FunctionDefinition> = functionDefinitions;
  const throwing = Object.entries(definitions).filter(([, { trigger }]) => !["http", "queue"].includes(trigger.kind));
  expect(throwing.length).toBeGreaterThan(5);
  for (const [name, { entry }] of throwing) {
    const source = readFileSync(join(root, "packages/functions/src", `${entry}.ts`), "utf8");
    expect([name, source.includes("export const handler = redactErrors(")]).toEqual([name, true]);
  }
});

const isSource = (path: string) => /\.(?:tsx?|js)$/.test(path) && !path.endsWith(".test.ts");

test("every line of a log passes the redaction, in every app", () => {
  const found: Record<string, string[]> = {};
  const used = new Set<string>();
  for (const part of readdirSync(join(root, "packages"))) {
    const directories = ["src", "bin"].map((name) => join(root, "packages", part, name));
    for (const directory of directories) {
      let files: string[] = [];
      try {
        files = filesBelow(directory, { not: ["node_modules"], keep: isSource });
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      }
      for (const path of files) {
        const name = relative(root, path);
        const lines = readFileSync(path, "utf8")
          .split("\n")
          .filter((line) => line.search(writes) >= 0 && !/^\s*(?:\*|\/\/)/.test(line) && !redacting.test(line));
        if (lines.length === 0) continue;
        if (name in answers) used.add(name);
        else found[name] = lines.map((line) => line.trim());
      }
    }
  }
  expect(found).toEqual({});
  expect(Object.keys(answers).filter((name) => !used.has(name))).toEqual([]);
});
