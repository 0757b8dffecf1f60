import type { SQSClient } from "@aws-sdk/client-sqs";
import { AppError } from "@steward/contracts/errors";
import type { HeartbeatAnswer, Pulling } from "@steward/contracts/heartbeat";
import type { LaneMessage } from "@steward/contracts/job";
import { createProviderBreaker } from "@steward/core/provider/provider-breaker";
import { fullJitterMs } from "@steward/node-client/backoff";
import { type Clock, systemClock } from "@steward/node-client/clock";
import { startHeartbeats } from "@steward/node-client/heartbeats";
import type { Log } from "@steward/node-client/log";
import { metricsOf } from "@steward/node-client/metrics";
import type { NodeClient } from "@steward/node-client/node-client";
import { openSequence } from "@steward/node-client/sequence";
import { askModel } from "./ask-model.ts";
import { type Capacity, createCapacity } from "./capacity.ts";
import type { PullQueue } from "./choose-polls.ts";
import { findLanes, findOwnQueue, type QueueUrls } from "./find-queues.ts";
import { gpusForHeartbeat, probeGpus } from "./gpus/probe-gpus.ts";
import { probeHost } from "./gpus/probe-host.ts";
import { createRunTool, type RunTool } from "@steward/node-client/run-tool";
import { watchGpus } from "./gpus/watch-gpus.ts";
import { keepModels } from "./models/keep-models.ts";
import { pullModel } from "./models/pull-model.ts";
import { defaultModels, missingModels, modelFor, probeOllama, usedModels, type WantedModels } from "./probe.ts";
import { createPull } from "./pull-jobs.ts";
import { type JobEnd, runJob } from "./run-job.ts";
import { createSlots } from "./slots.ts";
import { createStatusFile, type WorkerStatus } from "./status-file.ts";
import type { SlotSettings } from "./survey.ts";
import { workerVersion } from "./version.ts";

export interface WorkerOptions {
  /** Closed by the caller. */
  client: NodeClient;
  stateDir: string;
  /** Has the right to receive, delete and change visibility on the lanes and the worker's own queue, and nothing else. */
  sqs: SQSClient;
  /** Whose lanes they are. */
  stage: string;
  ollamaHost: string;
  /** With `slots` set they are taken as they are; else the worker chooses, and changes its mind. */
  settings: SlotSettings;
  models?: WantedModels;
  /** Fetch wanted models that are missing. */
  pullModels?: boolean;
  /** Starts the GPU makers' tools. */
  runTool?: RunTool;
  log: Log;
  clock?: Clock;
  random?: () => number;
}

export interface Worker {
  status(): WorkerStatus;
  beat(): Promise<HeartbeatAnswer>;
  /** More or fewer slots, as the probe finds. Fewer: the jobs that run end in their own time. */
  resize(slots: number): void;
  /**
   * Takes no more, finishes what fits into `withinMs`, gives the rest back, and ends. Asked again while it drains, it
   * keeps to whichever end is sooner. Receives that are outstanding end by themselves where there is time for it.
   */
  drain(withinMs: number): Promise<void>;
}

const reprobeMs = 30_000;
/** How long the model server has for a question that only asks whether it answers. */
const probeQuestionMs = 30_000;
/** Of a drain's time: what is kept for giving back what does not fit. */
const giveBackMs = 5_000;
/** How long a start waits for its first heartbeat to be answered; it goes on without. */
const firstBeatMs = 2_000;
const toolAnswersWithinMs = 10_000;
/** How long a worker that is shut out keeps from the queues before it asks for a job again. */
const shutOutMs = 300_000;
/** How long the curve may take before the first job is pulled; what is missing then is measured when nothing is to be done. */
const openingMs = 60_000;
/** Longer: it is given up with the first job that comes. */
const idleMeasureMs = 180_000;
const idleForMs = 60_000;

/** The GPU host: pulls jobs by free slots and asks its models. Receives only while one of the wanted models is there. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { client, sqs, log, ollamaHost } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const wanted = options.models ?? defaultModels;
  if (client.identity.kind !== "worker") {
    throw new AppError("forbidden", `this machine is enrolled as an ${client.identity.kind}, not as a worker`, {
      next: "enrol it again with a worker's token, in a state folder of its own",
    });
  }
  const { nodeId: workerId } = client.identity;
  const urls: QueueUrls = await findLanes(sqs, options.stage);
  // One is right on every machine, until it is known what this one holds.
  const slots = createSlots(options.settings.slots ?? 1, () => writeStatus());
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  const giveBack = new AbortController();
  let models: string[] = [];
  let ready = false;
  let draining = false;
  let outage = false;
  /** Only a claim says whether it still is: until then no message is taken that others could work on. */
  let shutOutUntilMs = 0;
  const isShutOut = () => clock.monotonicMs() < shutOutUntilMs;
  let probeNow = new AbortController();
  /** Of this process. A model server that fails job after job gets no more of them, until it has answered a question of our own. */
  const breaker = createProviderBreaker<"fine" | "outage">({
    isOutage: (answer) => answer === "outage",
    outages: 5,
    nowMs: () => clock.monotonicMs(),
    onChange: (state) => {
      log(state === "down" ? "models.failing" : "models.answer_again", { ollamaHost });
      if (state === "up") return;
      ready = false;
      probeNow.abort();
    },
  });
  /** The curve is measured before the first job is pulled. */
  let opening = false;
  let measuring: AbortController | undefined;
  let lastJobAtMs = clock.monotonicMs();

  const runTool = options.runTool ?? createRunTool(toolAnswersWithinMs);
  const gpuWatch = watchGpus(() => probeGpus(runTool), clock);
  const gpus = () => gpusForHeartbeat(gpuWatch.latest().gpus, probeHost);
  const capacity: Capacity | undefined =
    options.settings.slots === undefined
      ? createCapacity({
          ollamaHost,
          stateDir: options.stateDir,
          settings: options.settings,
          gpus: gpuWatch,
          clock,
          log,
          onSlots: (total) => resize(total),
        })
      : undefined;

  const pull = createPull({
    sqs,
    urls,
    slots,
    serves: (queue) => ready && !draining && !opening && modelOf(queue) !== undefined,
    onGone: (queue) => {
      if (queue === "own") delete urls.own;
    },
    run: async (queue, message, on) => {
      // Whoever measures steps aside for whoever has work.
      measuring?.abort();
      lastJobAtMs = clock.monotonicMs();
      const model = modelOf(queue, message);
      if (model === undefined) return { type: "left", why: "no wanted model is there any more" };
      let end = { type: "left", why: "the model server fails" } as JobEnd;
      await breaker.ask(async () => {
        end = await runJob({
          message,
          call: client.call,
          ollamaHost,
          model,
          clock,
          random,
          log,
          ...on,
          draining: giveBack.signal,
          stop: stop.signal,
        });
        // One tenant's endless answers are no reason to give nobody any.
        const failed = end.type === "released" && end.reason === "model_error" && end.ofQuestion !== true;
        return failed ? "outage" : "fine";
      });
      if (end.type === "left" && end.shutOut === true) {
        if (!isShutOut()) {
          const next = "look at this machine, remove it, and enrol it again with a new token";
          log("worker.shut_out", { why: end.why, next });
        }
        shutOutUntilMs = clock.monotonicMs() + shutOutMs;
        ready = false;
        probeNow.abort();
      }
      // The next job would meet the same silence: look first.
      if (end.type === "released" && end.reason === "model_unavailable") {
        ready = false;
        probeNow.abort();
      }
      return end;
    },
    clock,
    random,
    log,
    stop: stop.signal,
  });

  /** Whether the model server has answered its last jobs or, when it is to be tried again, a question that is nobody's. */
  async function answersQuestions(): Promise<boolean> {
    const [model] = usedModels(wanted, models);
    if (breaker.isUp() || model === undefined) return breaker.isUp();
    await breaker.ask(async () => {
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(probeQuestionMs)]);
      const question = { system: "Answer with {}.", prompt: "{}", schema: { type: "object" }, onTokens: () => {} };
      const answered = await askModel({ host: ollamaHost, model, ...question, signal }).catch(() => undefined);
      return answered === undefined ? "outage" : "fine";
    });
    return breaker.isUp();
  }

  /** What was sent to this worker alone says of which lane it is; the usual model answers what does not say. */
  function modelOf(queue: PullQueue, message?: LaneMessage): string | undefined {
    return modelFor(queue === "own" ? (message?.lane ?? "standard") : queue, wanted, models);
  }

  const measure = metricsOf(options.stateDir);
  const heartbeats = startHeartbeats({
    client,
    sequence: await openSequence(options.stateDir),
    collect: async () => ({
      metrics: await measure(),
      agentVersion: workerVersion,
      configRevision: 0,
      capacity: { slots: slots.total, used: slots.used() },
      // Others that Ollama has would make the control plane wait for a worker that takes nothing.
      models: usedModels(wanted, models).map((model) => model.slice(0, 120)),
      gpus: gpus(),
      draining,
      conditions: ready || draining ? [] : [{ kind: isShutOut() ? "queues" : "model", level: "warning" }],
      ...pullingNow(),
    }),
    // An upgrade waits for this word.
    onAnswer: () => writeStatus(),
    log,
    signal: stop.signal,
    clock,
    random,
  });

  const keeper = keepModels({
    pull: (model, onPercent) => pullModel({ host: ollamaHost, model, onPercent, clock, signal: stop.signal }),
    clock,
    random,
    log,
    stop: stop.signal,
    onChange: () => writeStatus(),
    onPulled: () => probeNow.abort(),
  });
  function pullingNow(): { pulling?: Pulling } {
    const state = keeper.state();
    return state === undefined ? {} : { pulling: { ...state, model: state.model.slice(0, 120) } };
  }

  function resize(total: number): void {
    if (total === slots.total) return;
    slots.resize(total);
    log("worker.resized", { slots: total });
    pull.pump();
    void heartbeats.beatNow().catch(() => {});
  }

  async function measureFor(withinMs: number): Promise<void> {
    if (capacity !== undefined && !draining) {
      measuring = new AbortController();
      writeStatus();
      await capacity.measure(withinMs, measuring.signal);
      measuring = undefined;
    }
    opening = false;
    pull.pump();
    writeStatus();
  }

  /** Looks after the model server for as long as the worker lives; an outage is told once, and its end. */
  const looked = Promise.withResolvers<void>();
  async function watchModels(): Promise<void> {
    let failures = 0;
    while (!stop.signal.aborted) {
      probeNow = new AbortController();
      // Made when the worker is enrolled, or later by a control plane that has just learned to: looked for until it is there.
      const [probe, own] = await Promise.all([
        probeOllama(ollamaHost),
        urls.own ?? findOwnQueue(sqs, options.stage, workerId),
      ]);
      const found = own !== undefined && urls.own === undefined;
      if (found) urls.own = own;
      const before = ready;
      models = probe.reachable ? probe.models : [];
      ready = usedModels(wanted, models).length > 0 && !isShutOut() && (await answersQuestions()) && !isShutOut();
      failures = ready ? 0 : failures + 1;
      if (options.pullModels === true) keeper.want(probe.reachable ? missingModels(wanted, models) : []);
      if (ready && measuring === undefined) await Promise.race([capacity?.look(usedModels(wanted, models)), stopped]);
      const wanting = ready && measuring === undefined ? capacity?.wantsCurve() : undefined;
      if (wanting !== undefined) {
        // A longer one is worth no minute of waiting: there are slots by the one that is there.
        opening = wanting === "first" && !before && slots.used() === 0;
        const idle = slots.used() === 0 && clock.monotonicMs() - lastJobAtMs >= idleForMs;
        if (opening) void measureFor(openingMs);
        else if (idle) void measureFor(idleMeasureMs);
      }
      if (!ready && breaker.isUp() && !isShutOut() && !outage) {
        outage = true;
        const why = probe.reachable
          ? `none of the wanted models is there: ${Object.values(wanted).join(", ")}`
          : probe.why;
        log("models.unavailable", {
          ollamaHost,
          why,
          next: "start Ollama and pull a model, such as `ollama pull llama3.2:3b`",
        });
      }
      if (ready && !before) {
        outage = false;
        log("models.ready", { models });
      }
      if (ready && (found || !before)) pull.pump();
      if (ready !== before) void heartbeats.beatNow().catch(() => {});
      looked.resolve();
      writeStatus();
      const pauseMs = ready
        ? reprobeMs
        : Math.max(
            breaker.closedForMs(),
            shutOutUntilMs - clock.monotonicMs(),
            fullJitterMs({ failures, baseMs: 500, capMs: 30_000, random }),
          );
      await clock.sleep(pauseMs, AbortSignal.any([stop.signal, probeNow.signal]));
    }
  }
  const startedAtMs = Date.now();
  const status = (): WorkerStatus => ({
    version: workerVersion,
    startedAtMs,
    connected: heartbeats.connected(),
    slots: slots.total,
    used: slots.used(),
    polling: [...pull.polling()],
    models,
    gpus: gpus(),
    ready,
    draining,
    ...pullingNow(),
    ...(capacity?.choice() === undefined ? {} : { slotsDecidedBy: capacity.choice()?.decidedBy }),
    ...(measuring === undefined ? {} : { measuring: true as const }),
  });

  const file = createStatusFile({ stateDir: options.stateDir, status, log });
  const writeStatus = () => file.write();

  const watching = watchModels();
  // Whoever waits for this worker may count on it: it has looked for its models and told the control plane.
  await looked.promise;
  await Promise.race([heartbeats.beatNow().catch(() => {}), clock.sleep(firstBeatMs, stop.signal)]);

  let ended: Promise<void> | undefined;
  const pollsCut = Promise.withResolvers<void>();
  async function end(): Promise<void> {
    draining = true;
    measuring?.abort();
    void heartbeats.beatNow().catch(() => {});
    writeStatus();
    const idle = pull.settled();
    const quiet = pull.quiet();
    const done = new AbortController();
    const untilGivenBack = new Promise<void>((resolve) => {
      giveBack.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    // Ending a receive hides the message that SQS has just chosen for it until its visibility timeout (30 s); a receive
    // that ends by itself hides none, and what it still brings is handed to the others at once.
    await Promise.race([quiet, Promise.all([idle, pollsCut.promise]), untilGivenBack]);
    giveBack.abort();
    // A job that is given back needs one answer from the server; a server that is away does not keep the process.
    await Promise.race([idle, clock.sleep(giveBackMs, done.signal)]);
    done.abort();
    stop.abort();
    await Promise.all([heartbeats.ended, watching]);
    writeStatus();
    await file.written();
    log("worker.ended");
  }

  return {
    status,
    beat: () => heartbeats.beatNow(),
    resize,
    drain(withinMs) {
      log("worker.draining", { jobs: pull.handling(), withinMs });
      ended ??= end();
      void clock.sleep(withinMs, stop.signal).then(() => giveBack.abort());
      void clock.sleep(withinMs - giveBackMs, stop.signal).then(() => pollsCut.resolve());
      return ended;
    },
  };
}
