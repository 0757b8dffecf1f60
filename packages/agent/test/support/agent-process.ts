import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { jsonLines } from "../../../node-client/src/log.ts";
import { startAgent } from "../../src/agent.ts";

// A process with the real agent, to be killed. Its executor leaves one line in a file for every effect.
const [stateDir = "", caFile = "", effectsFile = ""] = process.argv.slice(2);
await startAgent({
  stateDir,
  serverCa: await readFile(caFile, "utf8"),
  log: jsonLines((line) => process.stdout.write(line)),
  random: () => 0.01,
  executor: {
    name: "ansible",
    async run(step, output) {
      await appendFile(effectsFile, `${step.runId} ${step.stepIndex}\n`);
      process.send?.("effect");
      output(new TextEncoder().encode("working\n"));
      await delay(50);
      return { status: "succeeded", changed: 1, failedTasks: 0 };
    },
    facts: async () => ({}),
    close: async () => {},
  },
});
