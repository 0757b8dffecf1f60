import { join } from "node:path";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { Condition, HeartbeatAnswer, Metrics } from "@steward/contracts/heartbeat";
import { type Clock, systemClock } from "@steward/node-client/clock";
import { type Heartbeats, startHeartbeats } from "@steward/node-client/heartbeats";
import { describeError, type Log } from "@steward/node-client/log";
import { metricsOf } from "@steward/node-client/metrics";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { openSequence } from "@steward/node-client/sequence";
import { openStateDir, replaceFile } from "@steward/node-client/state-files";
import { createBundleStore } from "./bundle-store.ts";
import { createConditionLog } from "./conditions/condition-log.ts";
import { watchMachine } from "./conditions/watch-machine.ts";
import { createConfigKeeper } from "./config-keeper.ts";
import type { Executor } from "./executor/executor.ts";
import { createFactsKeeper } from "./facts-keeper.ts";
import { openLedger } from "./ledger.ts";
import { endInterrupted, type ObeyOptions, obeyRun } from "./obey-run.ts";
import { createReporter } from "./report-runs.ts";
import { createRunRequests } from "./run-requests.ts";
import { createRunQueue } from "./run-queue.ts";
import { claimStateDir } from "./single-agent.ts";
import { openTrustStore } from "@steward/node-client/trust-store";
import type { Upgrader } from "./wait-for-upgrade.ts";
import { agentVersion } from "./version.ts";

export interface AgentOptions {
  /** The folder of an enrolled node (`enrol`). One agent at a time. */
  stateDir: string;
  executor: Executor;
  /** Replaces this agent's build; absent where it is no service. */
  upgrader?: Upgrader;
  log: Log;
  /** PEM of the CA of the nodes door, where it is not a public one. */
  serverCa?: string;
  /** Given for a client that is shared with the caller, who closes it. */
  client?: NodeClient;
  /** Where bundles are unpacked; agents of one machine may share it. */
  bundlesDir?: string;
  /** What this machine measures; the demo fleet invents some. */
  metrics?: () => Promise<Metrics> | Metrics;
  /** What is wrong with it; one that invents its metrics has nothing wrong. */
  conditions?: () => Promise<Condition[]> | Condition[];
  clock?: Clock;
  random?: () => number;
}

export interface AgentStatus {
  nodeId: string;
  name: string;
  tenantId: string;
  version: string;
  executor: string;
  pid: number;
  connected: boolean;
  serverTimeMs: number | undefined;
  certificateNotAfter: string;
  trustVersion: number | undefined;
  releaseVersion: number | undefined;
  running: string | undefined;
  unreported: number;
  /** Of the configuration that it keeps to; 0 before the first. */
  configRevision: number;
  /** As the last heartbeat told them. */
  conditions: Condition[];
  /** By this machine's own clock. */
  startedAtMs: number;
  refusals: string[];
}

export interface Agent {
  /** The doorbell: look for runs now. Resolves when the agent has taken notice; ringing twice is harmless. */
  ring(rolloutId?: string): Promise<void>;
  beat(): Promise<HeartbeatAnswer>;
  status(): AgentStatus;
  /** Stops what runs (it ends as `interrupted`), and everything else. The executor is the caller's to close. */
  close(): Promise<void>;
}

const factsEveryMs = 15 * 60_000;
const pruneEveryMs = 86_400_000;

/**
 * The appliance's agent: beats, fetches, verifies, runs, reports. Throws when the machine is not enrolled
 * (`unauthenticated`), its folder cannot be written (`unavailable`) or another agent has it (`conflict`).
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  await openStateDir(options.stateDir);
  let onRing = () => {};
  const claim = await claimStateDir(options.stateDir, () => onRing());
  let client: NodeClient | undefined;
  try {
    client = options.client ?? (await openClient(options));
    const agent = await runAgent(options, client);
    onRing = () => void agent.ring().catch(() => {});
    return {
      ...agent,
      close: async () => {
        await agent.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }

  async function release(): Promise<void> {
    if (options.client === undefined) await client?.close();
    await claim.release();
  }
}

async function openClient({ stateDir, clock, log, serverCa }: AgentOptions): Promise<NodeClient> {
  return createNodeClient({
    stateDir,
    log,
    ...(clock === undefined ? {} : { clock }),
    ...(serverCa === undefined ? {} : { serverCa }),
  });
}

async function runAgent(options: AgentOptions, client: NodeClient): Promise<Agent> {
  const { stateDir, executor } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const measure = options.metrics ?? metricsOf(stateDir);
  const stop = new AbortController();
  const { signal } = stop;
  if (client.identity.kind !== "appliance") {
    throw new AppError("forbidden", `this machine is enrolled as a ${client.identity.kind}, not as an appliance`, {
      next: "enrol it again with a token for an appliance, in a state folder of its own",
    });
  }
  const { identity, serverClock } = client;
  const nowMs = () => serverClock.nowMs();

  const ledger = await openLedger(stateDir);
  const requests = createRunRequests({ call: client.call, log: options.log, ledger });
  const { call, log } = requests;
  const trust = await openTrustStore({ stateDir, rootPublicKey: identity.rootPublicKey, call, nowMs, clock });
  const bundles = createBundleStore({ folder: options.bundlesDir ?? join(stateDir, "bundles"), call });
  const reporter = createReporter({ call, ledger, clock, random, log, nowMs, signal });
  const config = await createConfigKeeper({
    version: agentVersion,
    stateDir,
    applianceId: identity.nodeId,
    tenantId: identity.tenantId,
    call,
    trust,
    nowMs,
    clock,
    log,
  });
  const lookAtMachine =
    options.conditions ??
    (options.metrics === undefined
      ? watchMachine({ stateDir, config: () => config.config(), clock, nowMs })
      : () => Promise.resolve([]));
  const conditionLog = createConditionLog();
  let conditions: Condition[] = [];
  const startedAtMs = Date.now();
  const facts = await createFactsKeeper({
    stateDir,
    applianceId: identity.nodeId,
    call,
    facts: () => executor.facts(),
  });
  const obeying: ObeyOptions = {
    applianceId: identity.nodeId,
    tenantId: identity.tenantId,
    call,
    serverClock,
    trust,
    bundles,
    ledger,
    reporter,
    executor,
    ...(options.upgrader === undefined ? {} : { upgrader: options.upgrader }),
    requestOf: (run) => requests.of(run),
    beat: () => heartbeats.beatNow(),
    clock,
    random,
    log,
    signal,
  };
  const prepared = () => ledger.entries().filter(({ state }) => state === "prepared");
  const rebooted = () => ledger.entries().flatMap((entry) => (entry.reboot === undefined ? [] : [entry.runId]));
  const queue = createRunQueue({
    // A lost reply to a start leaves a run that only the ledger still knows as waiting.
    pending: async () => {
      // One run at a time: what waits for a restarted machine goes on before anything else begins.
      if (rebooted().length > 0) return rebooted();
      const listed = (await call("pendingRuns", { signal })).runs;
      return [...new Set([...prepared().map(({ runId }) => runId), ...listed])];
    },
    obey: (runId) => obeyRun(runId, obeying),
    onRan: async () => {
      if (await tellFacts()) void heartbeats.beatNow().catch(() => {});
    },
    clock,
    random,
    log,
    signal,
  });

  await endInterrupted(obeying);

  let hasBeaten = false;
  let factsAtMs = Number.NEGATIVE_INFINITY;
  /** On the server's clock. */
  let prunedAtMs = Number.NEGATIVE_INFINITY;
  const heartbeats: Heartbeats = startHeartbeats({
    client,
    sequence: await openSequence(stateDir),
    collect: async () => {
      const digest = facts.digest();
      const found = [...(await lookAtMachine()), ...queue.conditions(), ...config.conditions()];
      conditions = conditionLog.see(found, clock.monotonicMs());
      return {
        metrics: await measure(),
        agentVersion,
        configRevision: config.revision(),
        conditions,
        ...(digest === undefined ? {} : { factsDigest: digest }),
      };
    },
    onAnswer: (answer) => {
      // Only now is there a server time to judge an envelope by: an agent beats before it obeys.
      const first = !hasBeaten;
      hasBeaten = true;
      conditionLog.told();
      if (config.config().logLevel === "debug") log("heartbeat.answered", { ...answer, conditions });
      // Whoever has changed it waits to see it taken up, and the next heartbeat may be minutes away.
      void config.follow(answer.configRevision).then((changed) => {
        if (changed) void heartbeats.beatNow().catch(() => {});
      });
      if (first) {
        log("agent.connected", { nodeId: identity.nodeId, name: identity.name });
        reporter.wake();
      }
      if (answer.serverTimeMs - prunedAtMs >= pruneEveryMs) {
        prunedAtMs = answer.serverTimeMs;
        void ledger
          .prune(answer.serverTimeMs)
          .catch((error: unknown) => log("ledger.not_pruned", { error: describeError(error) }));
      }
      if (answer.pendingRuns.length > 0 || prepared().length > 0 || rebooted().length > 0) queue.wake();
      if (clock.monotonicMs() - factsAtMs >= factsEveryMs) void tellFacts();
      void writeStatus();
    },
    // While a run is under way somebody watches.
    mostSeconds: () => (queue.current() === undefined ? undefined : defaults.activeHeartbeatIntervalSeconds),
    log,
    signal,
    clock,
    random,
  });

  function ring(): void {
    if (hasBeaten) queue.wake();
    // Unanswered so far: the first answer names the runs.
  }

  async function tellFacts(): Promise<boolean> {
    factsAtMs = clock.monotonicMs();
    try {
      return await facts.refresh();
    } catch (error) {
      // The next heartbeat tries again.
      factsAtMs = Number.NEGATIVE_INFINITY;
      if (!signal.aborted) log("facts.not_told", { error: describeError(error) });
      return false;
    }
  }

  function status(): AgentStatus {
    const known = trust.current();
    return {
      nodeId: identity.nodeId,
      name: identity.name,
      tenantId: identity.tenantId,
      version: agentVersion,
      executor: executor.name,
      pid: process.pid,
      connected: heartbeats.connected(),
      serverTimeMs: nowMs(),
      certificateNotAfter: new Date(client.certificate().notAfterMs).toISOString(),
      trustVersion: known?.trust.version,
      releaseVersion: known?.release.version,
      running: queue.current(),
      configRevision: config.revision(),
      conditions,
      startedAtMs,
      unreported: ledger.entries().filter(({ state }) => state === "finished").length,
      refusals: queue.refusals(),
    };
  }

  /** For `steward-agent status`, which is another process. */
  let writing: Promise<void> = Promise.resolve();
  function writeStatus(): Promise<void> {
    writing = writing
      .then(() => replaceFile(join(stateDir, "status.json"), `${JSON.stringify(status(), null, 2)}\n`))
      .catch((error: unknown) => log("status.not_written", { error: describeError(error) }));
    return writing;
  }

  return {
    ring: async () => {
      if (signal.aborted) throw new AppError("unavailable", "the agent is stopping", { retryable: false });
      ring();
    },
    beat: () => heartbeats.beatNow(),
    status,
    async close() {
      stop.abort();
      await heartbeats.ended;
      await queue.settled();
      await reporter.settled();
      await writing;
    },
  };
}
