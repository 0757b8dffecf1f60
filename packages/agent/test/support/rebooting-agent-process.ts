import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { jsonLines } from "../../../node-client/src/log.ts";
import { startAgent } from "../../src/agent.ts";

/**
 * A process with the real agent on a machine that the test plays: the file `boot-id` says which boot it is in, `effects`
 * has a line for everything that happened to it. The step 1 wants a restart; the parent says when the machine obeys.
 */
const [stateDir = "", caFile = "", machineDir = ""] = process.argv.slice(2);
const effect = (line: string) => appendFile(`${machineDir}/effects`, `${line}\n`);
await startAgent({
  stateDir,
  serverCa: await readFile(caFile, "utf8"),
  log: jsonLines((line) => process.stdout.write(line)),
  random: () => 0.01,
  executor: {
    name: "ansible",
    async run(step, output) {
      if (step.stepIndex !== 1) await effect(`step ${step.stepIndex}`);
      process.send?.(`step ${step.stepIndex}`);
      output(new TextEncoder().encode(`working on ${step.stepIndex}\n`));
      await delay(20);
      return {
        status: "succeeded",
        changed: 1,
        failedTasks: 0,
        ...(step.stepIndex === 1 ? { wantsReboot: true } : {}),
      };
    },
    boot: {
      id: () => readFile(`${machineDir}/boot-id`, "utf8"),
      async restart() {
        const allowed = new Promise((resolve) => process.once("message", resolve));
        process.send?.("asked");
        await allowed;
        await effect("restart");
        process.send?.("restarting");
      },
    },
    facts: async () => ({}),
    close: async () => {},
  },
});
