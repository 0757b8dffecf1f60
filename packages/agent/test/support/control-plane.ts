import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { AppError } from "@steward/contracts/errors";
import type { OutputManifest, RunResult } from "@steward/contracts/run";
import { pack } from "tar-stream";
import { enrol } from "../../../node-client/src/enrol.ts";
import type { Log } from "../../../node-client/src/log.ts";
import { startNodesDoor } from "../../../node-client/test/support/nodes-door.ts";
import { type AgentOptions, startAgent } from "../../src/agent.ts";
import type { Executor, StepOutcome, StepRequest } from "../../src/executor/executor.ts";
import { createSignedWorld } from "./signed-world.ts";

export interface TarEntry {
  name: string;
  type?: "file" | "directory" | "symlink" | "link";
  linkname?: string;
  content?: string;
}

export async function tarGz(entries: TarEntry[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { name, type = "file", linkname, content = "" } of entries) {
    archive.entry({ name, type, ...(linkname === undefined ? {} : { linkname }) }, content);
  }
  archive.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of archive) parts.push(part as Uint8Array);
  return new Uint8Array(gzipSync(Buffer.concat(parts)));
}

/** What happened to the one run that the scripted control plane has, as its record would show. */
interface RunRecord {
  attempt: number;
  status: "sent" | "running" | "ended";
  ledgerId?: string;
  result?: RunResult;
}

/** A scripted control plane with one approved run for one appliance, an enrolled state folder, and agents on it. */
export async function createControlPlane(stateDir: string) {
  const door = await startNodesDoor();
  const bundleBytes = await tarGz([
    { name: "playbooks/", type: "directory" },
    { name: "playbooks/users_add.yml", content: "- hosts: all\n" },
  ]);
  const bundle = createHash("sha256").update(bundleBytes).digest("hex");
  const world = createSignedWorld(Date.now(), bundle);
  const run: RunRecord = { attempt: 1, status: "sent" };
  const served = {
    envelope: world.envelope().document,
    trust: world.trustDocument(),
    release: world.releaseDocument(),
  };
  const events: { event: string; fields: Record<string, unknown> | undefined }[] = [];
  const log: Log = (event, fields) => events.push({ event, fields });

  door.objects.set("/objects/bundle", bundleBytes);
  door.admits({
    nodeId: world.applianceId,
    tenantId: world.tenantId,
    kind: "appliance",
    name: "nas",
    rootPublicKey: world.keys.root.publicKey,
  });
  const waiting = () => (run.status === "sent" ? [world.runId] : []);
  door.on("heartbeat", () => ({
    serverTimeMs: Date.now(),
    nextIntervalSeconds: 60,
    configRevision: 0,
    pendingRuns: waiting(),
  }));
  door.on("putFacts", () => undefined);
  door.on("getTrust", () => served.trust);
  door.on("getRelease", () => served.release);
  door.on("pendingRuns", () => ({ runs: waiting() }));
  door.on("getEnvelope", () => served.envelope);
  door.on("getBundle", () => ({ url: door.objectUrl("bundle") }));
  door.on("startRun", ({ body }) => {
    const { ledgerId } = body as { ledgerId: string };
    if (run.ledgerId !== undefined && run.ledgerId !== ledgerId)
      throw new AppError("stale_attempt", "another ledger entry");
    if (run.status === "ended") throw new AppError("stale_attempt", "ended");
    run.ledgerId = ledgerId;
    run.status = "running";
    return { startedAtMs: Date.now(), deadlineMs: Date.now() + 60_000, serverTimeMs: Date.now() };
  });
  door.on("storeRunSecret", () => undefined);
  door.on("requestChunk", ({ body }) => {
    const { sha256 } = body as { sha256: string };
    return {
      url: door.objectUrl(sha256),
      headers: { "content-type": "application/gzip" },
      stored: door.objects.has(`/objects/${sha256}`),
    };
  });
  door.on("recordRun", ({ body }) => {
    if ((body as RunResult).attempt !== run.attempt) throw new AppError("stale_attempt", "another attempt");
    run.result ??= body as RunResult;
    run.status = "ended";
    return { accepted: true, status: run.result.status };
  });
  await enrol({ apiUrl: door.apiUrl, token: "token", hostname: "nas", stateDir });

  return {
    door,
    world,
    run,
    served,
    /** The same run, asked for once more. */
    again(attempt: number, operation?: "undo", changes: Parameters<typeof world.envelope>[0] = {}) {
      run.attempt = attempt;
      run.status = "sent";
      delete run.ledgerId;
      delete run.result;
      const envelope = { ...changes.envelope, attempt, ...(operation === undefined ? {} : { operation }) };
      served.envelope = world.envelope({ ...changes, envelope }).document;
    },
    events,
    eventsOf: (name: string) => events.filter(({ event }) => event === name),
    startAgent: (executor: Executor, more: Pick<AgentOptions, "upgrader"> = {}) =>
      startAgent({ stateDir, executor, log, serverCa: door.ca.pem, random: () => 0.01, ...more }),
    /** The whole output, as a person would fetch it: every chunk by its hash, and the hash of all. */
    output(manifest: OutputManifest): string {
      const whole = Buffer.concat(
        manifest.chunks.map(({ sha256 }) => gunzipSync(door.objects.get(`/objects/${sha256}`) ?? new Uint8Array())),
      );
      if (createHash("sha256").update(whole).digest("hex") !== manifest.sha256)
        throw new Error("the output is not whole");
      return whole.toString();
    },
  };
}
export type ControlPlane = Awaited<ReturnType<typeof createControlPlane>>;

/** An executor that remembers what it was asked, and does what the test says. */
export function scriptedExecutor(
  script: (
    step: StepRequest,
    output: (text: string) => void,
    signal: AbortSignal,
  ) => Promise<Partial<StepOutcome>> | Partial<StepOutcome> = () => ({}),
) {
  const steps: StepRequest[] = [];
  const executor: Executor = {
    name: "ansible",
    async run(step, output, signal) {
      await readFile(`${step.bundleDir}/playbooks/users_add.yml`);
      steps.push(step);
      const outcome = await script(step, (text) => output(new TextEncoder().encode(text)), signal);
      return { status: "succeeded", changed: 1, failedTasks: 0, ...outcome };
    },
    facts: async () => ({ users: steps.map(({ variables }) => String(variables["username"])) }),
    close: async () => {},
  };
  return { executor, steps };
}
