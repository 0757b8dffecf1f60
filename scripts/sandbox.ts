/**
 * `npm run sandbox`: builds `.sandbox/root`, the Debian root that the demo fleet's appliances are overlays of.
 * `--check` says whether it can be used here (exit code 1 if not); `--rebuild` builds it again.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { AppError } from "@steward/contracts/errors";
import { findSandboxRoot } from "../packages/agent/src/executor/sandbox-root.ts";
import { probeSandbox } from "../packages/agent/src/executor/sandbox.ts";
import { buildSandboxRoot } from "./sandbox/build.ts";

const directory = join(import.meta.dirname, "..", ".sandbox");

try {
  const { values } = parseArgs({ options: { check: { type: "boolean" }, rebuild: { type: "boolean" } } });
  process.exitCode = await main(values);
} catch (error) {
  const next = error instanceof AppError ? error.next : undefined;
  console.error(`sandbox: ${error instanceof Error ? error.message : String(error)}`);
  if (next !== undefined) console.error(next);
  process.exitCode = 1;
}

async function main(options: { check?: boolean | undefined; rebuild?: boolean | undefined }): Promise<number> {
  const found = await findSandboxRoot(directory);
  if (found.usable && options.rebuild !== true) {
    const probe = await probeSandbox(found.root);
    if (probe.usable) {
      console.log(
        `The sandbox is usable: ${found.root.release}, ${probe.ansible}. Runs use the real ansible-playbook.`,
      );
      return 0;
    }
    console.error(`The sandbox is built but does not run here: ${probe.reason}`);
    return 1;
  }
  if (options.check === true) {
    if (found.usable) return 0;
    console.error(`Not usable: ${found.reason}. ${found.next}`);
    return 1;
  }
  const started = Date.now();
  await buildSandboxRoot(directory, (line) => console.log(line));
  console.log(
    `Built in ${Math.round((Date.now() - started) / 1000)} s. "npm start" now runs the real ansible-playbook.`,
  );
  return 0;
}
