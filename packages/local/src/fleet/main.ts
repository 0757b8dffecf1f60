import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startAgent } from "@steward/agent/agent";
import { enrol } from "@steward/node-client/enrol";
import { describeError, jsonLines } from "@steward/node-client/log";
import { ensureCompileCache, sayReady } from "../child.ts";
import { startSsmAgent } from "../ssm-agent.ts";
import { demoMetrics } from "./demo-metrics.ts";
import { createFleetExecutors } from "./executors.ts";
import { type EnrolledMessage, type PlannedAppliance, readPlan } from "./plan.ts";
import { keepActivation } from "./activation.ts";

/** The demo fleet: real agents, many in one process. `--plan <file> [--only <name>]`. */
const { values } = parseArgs({ options: { plan: { type: "string" }, only: { type: "string" } } });
if (values.plan === undefined) throw new Error("say which plan: --plan <file>");
const plan = readPlan(values.plan);
const serverCa = readFileSync(plan.serverCaFile, "utf8");
const appliances = plan.appliances.filter(({ name }) => values.only === undefined || name === values.only);
const executors = await createFleetExecutors(plan.executor, plan.directory);
const log = jsonLines((line) => process.stdout.write(line));
const closers: (() => Promise<void>)[] = [];

/** One appliance: enrolled (or found so), its agent started, its doorbell connected. */
async function start(appliance: PlannedAppliance): Promise<void> {
  const { name, tenantId } = appliance;
  const stateDir = join(plan.directory, name);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const enrolled = await enrol({ apiUrl: plan.apiUrl, token: appliance.token, hostname: name, stateDir });
  const activation = keepActivation(stateDir, enrolled.activation);
  const { nodeId, keyFingerprint } = enrolled;
  sayReady({ event: "enrolled", name, tenantId, nodeId, keyFingerprint } satisfies EnrolledMessage);

  const executor = await executors.create(name);
  const agent = await startAgent({
    stateDir,
    executor,
    serverCa,
    bundlesDir: join(plan.directory, "bundles"),
    metrics: demoMetrics(name, appliance.diskPercent === undefined ? {} : { diskPercent: appliance.diskPercent }),
    log: (event, fields) => log(event, { appliance: name, ...fields }),
  });
  // A registration whose reply a kill swallowed is spent, as on AWS. Its machine goes on without that doorbell: the
  // heartbeat's answer is the other one.
  const bell =
    activation === undefined
      ? undefined
      : await startSsmAgent({
          endpoint: plan.cloudUrl,
          activation: { activationId: activation.id, activationCode: activation.code },
          stateFile: join(stateDir, "ssm.json"),
          onCommand: async () => {
            await agent.ring();
            return { status: "Success", output: "looking" };
          },
          log: (message) => log("ssm", { appliance: name, message }),
        }).catch((error: unknown) => {
          log("ssm.not_registered", { appliance: name, error: describeError(error) });
          return undefined;
        });
  const close = async () => {
    await bell?.stop();
    await agent.close();
    await executor.close();
  };
  closers.push(close);
  if (appliance.silentAfterSeconds !== undefined) {
    setTimeout(() => void close(), appliance.silentAfterSeconds * 1000).unref();
  }
}

let ending = false;
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), 4_000).unref();
  await Promise.allSettled(closers.map((close) => close()));
  process.exit(0);
}
process.on("SIGTERM", () => void end());

// A few at a time: on a small machine all at once would only queue behind each other's signatures.
const queue = [...appliances];
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const appliance = next;
      try {
        await start(appliance);
      } catch (error) {
        log("appliance.not_started", { appliance: appliance.name, error: describeError(error) });
        // One that could not start would be missing for good: the supervisor starts all of them again.
        process.exit(1);
      }
    }
  }),
);
sayReady({ event: "ready", appliances: appliances.length });
ensureCompileCache();
