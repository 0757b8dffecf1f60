import { readFileSync } from "node:fs";
import { SQSClient } from "@aws-sdk/client-sqs";
import { createNodeClient } from "@steward/node-client/node-client";
import { jsonLines } from "@steward/node-client/log";
import { chooseSlots } from "@steward/worker/probe";
import { startWorker } from "@steward/worker/worker";
import { ensureCompileCache, sayReady } from "../child.ts";
import { workerEnvironment } from "./env.ts";

/** The worker of the local installation: the real one, enrolled by the supervisor. Its queue rights are its own keys. */
const environment = workerEnvironment();
const log = jsonLines((line) => process.stdout.write(line));
const client = await createNodeClient({
  stateDir: environment.STEWARD_STATE_DIR,
  serverCa: readFileSync(environment.STEWARD_SERVER_CA_FILE, "utf8"),
  log,
});
// Two, so that both lanes are always listened to; whoever runs a real GPU here says how many it takes.
const { slots } = chooseSlots(environment.STEWARD_WORKER_SLOTS ?? 2);
const worker = await startWorker({
  client,
  stateDir: environment.STEWARD_STATE_DIR,
  // Endpoint, region and keys are in the environment. A long poll lasts 20 s: no shorter timeout may cut it.
  sqs: new SQSClient({}),
  lanes: { stage: environment.STEWARD_STAGE },
  ollamaHost: environment.OLLAMA_HOST,
  slots,
  log,
});

let ending = false;
process.on("SIGTERM", () => {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), 4_000).unref();
  void worker.drain(1_000).then(async () => {
    await client.close();
    process.exit(0);
  });
});
sayReady({ event: "ready" });
ensureCompileCache();
