import { access, constants } from "node:fs/promises";
import { describeError } from "@steward/node-client/log";
import { systemClock } from "@steward/node-client/clock";
import { createCapacity } from "./capacity.ts";
import { type Finding, gpuFindings, modelFindings, plotCurve, slotFindings } from "./doctor-findings.ts";
import { type GpuProbe, probeGpus } from "./gpus/probe-gpus.ts";
import { type HostProbe, probeHost } from "./gpus/probe-host.ts";
import { createRunTool, type RunTool } from "@steward/node-client/run-tool";
import { watchGpus } from "./gpus/watch-gpus.ts";
import { ollamaFacts } from "./models/ollama-facts.ts";
import { probeOllama, usedModels, type WantedModels } from "./probe.ts";
import { type SlotSettings, type Survey, survey } from "./survey.ts";

export interface DoctorOptions {
  stateDir: string;
  ollamaHost: string;
  models: WantedModels;
  pull: "missing" | "never";
  settings: SlotSettings;
  /** Measure the throughput now. A running worker's jobs are slowed by it. */
  measure: boolean;
  runTool?: RunTool;
  /** What has to do with the control plane: enrolment, doors, queues. */
  others: (writable: boolean) => Promise<Finding[]>;
}

export interface DoctorReport {
  ok: boolean;
  findings: Finding[];
  gpus: GpuProbe["gpus"];
  host: HostProbe;
  slots?: Survey["choice"];
  models: Survey["models"];
  curve?: { model: string; points: { parallel: number; tokensPerSecond: number }[] };
}

const toolAnswersWithinMs = 10_000;
const measureWithinMs = 180_000;

/** What was found here, why so many slots, what is wrong, and what to do about it. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const { stateDir, ollamaHost, settings } = options;
  const writable = await access(stateDir, constants.W_OK).then(
    () => true,
    () => false,
  );
  const host = probeHost();
  const runTool = options.runTool ?? createRunTool(toolAnswersWithinMs);
  const [gpus, probe] = await Promise.all([probeGpus(runTool), probeOllama(ollamaHost)]);
  const findings: Finding[] = [
    ...gpuFindings(gpus.gpus, gpus.troubles, host),
    writable
      ? { id: "state-folder", level: "ok", text: `state folder ${stateDir}` }
      : {
          id: "state-folder",
          level: "fail",
          text: `state folder ${stateDir} cannot be written`,
          next: "sudo steward-worker doctor; or make it writable for this user, or set STEWARD_STATE_DIR",
        },
  ];
  let found: Survey | undefined;
  if (probe.reachable) {
    const { models: present } = probe;
    findings.push({
      id: "ollama",
      level: "ok",
      text: `Ollama at ${ollamaHost} has ${present.join(", ") || "no models"}`,
    });
    findings.push(...modelFindings({ wanted: options.models, present, pull: options.pull }));
    const used = usedModels(options.models, present);
    try {
      if (options.measure && used.length > 0) await measureNow(options, used, runTool);
      const facts = await ollamaFacts(ollamaHost, used);
      if (facts.models.length > 0) {
        found = await survey({ gpus, host, facts, settings, stateDir });
        findings.push(...slotFindings(found, settings));
      }
    } catch (error) {
      findings.push({
        id: "ollama-facts",
        level: "fail",
        text: `Ollama does not say what its models need: ${describeError(error)}`,
        next: "update Ollama; until then the worker takes one job at a time",
      });
    }
  } else {
    findings.push({
      id: "ollama",
      level: "fail",
      text: `Ollama at ${ollamaHost}: ${probe.why}`,
      next: "start it with `ollama serve`, or set OLLAMA_HOST",
    });
  }
  findings.push(...(await options.others(writable)));
  return {
    ok: findings.every((finding) => finding.level !== "fail"),
    findings,
    gpus: gpus.gpus,
    host,
    models: found?.models ?? [],
    ...(found === undefined ? {} : { slots: found.choice }),
    ...(found?.curve === undefined ? {} : { curve: { model: found.curve.key.model, points: found.curve.points } }),
  };
}

async function measureNow(options: DoctorOptions, used: readonly string[], runTool: RunTool): Promise<void> {
  const capacity = createCapacity({
    ollamaHost: options.ollamaHost,
    stateDir: options.stateDir,
    settings: options.settings,
    gpus: watchGpus(() => probeGpus(runTool), systemClock),
    clock: systemClock,
    log: () => {},
    onSlots: () => {},
  });
  await capacity.look(used);
  await capacity.measure(measureWithinMs, new AbortController().signal);
}

/** For people. */
export function reportText({ findings, curve, slots }: DoctorReport): string {
  const marks = { ok: "ok  ", note: "note", fail: "FAIL" } as const;
  const lines = findings.flatMap(({ level, text, next }) => [
    `${marks[level]}  ${text}`,
    ...(next === undefined ? [] : [`      ${next}`]),
  ]);
  if (curve !== undefined && slots !== undefined) {
    lines.push("", `tokens a second of ${curve.model}, by jobs at a time`, ...plotCurve(curve.points, slots.slots));
  }
  return `${lines.join("\n")}\n`;
}
