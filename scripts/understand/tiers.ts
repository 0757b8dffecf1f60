import { askClaude } from "@steward/aws/outside/claude";
import { claudeMostUsd, claudePriceUsd } from "@steward/core/planning/claude-price";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import type { PlanningContext, Understanding } from "@steward/core/planning/planning-types";
import { buildPrompt } from "@steward/core/planning/prompt";
import { askModel } from "@steward/worker/ask-model";
import { percentile } from "../bench/report.ts";

/** What a tier made of one request. `failed`: nothing to judge came back. */
export type Reading =
  | { kind: "read"; understanding: Understanding; ms: number; costUsd: number }
  | { kind: "failed"; reason: string; ms: number; costUsd: number };

export interface Tier {
  name: "matcher" | "ollama" | "claude";
  model: string | undefined;
  /** The same request may be answered otherwise the next time. */
  isRandom: boolean;
  /** The most that one reading can cost, in US dollars. */
  mostUsd: (context: PlanningContext) => number;
  read: (context: PlanningContext) => Promise<Reading>;
}

export const matcherTier: Tier = {
  name: "matcher",
  model: undefined,
  isRandom: false,
  mostUsd: () => 0,
  read(context) {
    const understanding = matchInstruction(context);
    // The median of five: one alone is as long as whatever else the machine did just then.
    const samples = Array.from({ length: 5 }, () => {
      const started = performance.now();
      matchInstruction(context);
      return performance.now() - started;
    });
    return Promise.resolve({ kind: "read", understanding, ms: percentile(samples, 0.5), costUsd: 0 });
  },
};

/** The way of a worker: its own prompt, its own call, and the grading that its answer gets in the control plane. */
export function ollamaTier({ url, model, timeoutMs }: { url: string; model: string; timeoutMs: number }): Tier {
  return {
    name: "ollama",
    model,
    isRandom: true,
    mostUsd: () => 0,
    async read(context) {
      const started = performance.now();
      const ms = () => performance.now() - started;
      try {
        const signal = AbortSignal.timeout(timeoutMs);
        const { output } = await askModel({ host: url, model, ...buildPrompt(context), onTokens: () => {}, signal });
        return { kind: "read", understanding: gradeAnswer(output, context), ms: ms(), costUsd: 0 };
      } catch (error) {
        return { kind: "failed", reason: error instanceof Error ? error.message : String(error), ms: ms(), costUsd: 0 };
      }
    },
  };
}

/** The way of the escalation: the same prompt and grading, and its call of Claude. */
export function claudeTier(given: { url?: string; apiKey: string; model: string; timeoutMs: number }): Tier {
  const { url, apiKey, model, timeoutMs } = given;
  const mostUsd = (context: PlanningContext) => {
    const { system, prompt, schema } = buildPrompt(context);
    return claudeMostUsd({ model, promptBytes: Buffer.byteLength(system + prompt + JSON.stringify(schema)) });
  };
  return {
    name: "claude",
    model,
    isRandom: true,
    mostUsd,
    async read(context) {
      const asked = await askClaude({
        apiKey,
        model,
        timeoutMs,
        ...buildPrompt(context),
        ...(url === undefined ? {} : { baseUrl: url }),
      });
      if (asked.kind === "failed") {
        // What it cost nobody knows: as much as it can.
        return { kind: "failed", reason: asked.reason, ms: timeoutMs, costUsd: asked.billed ? mostUsd(context) : 0 };
      }
      return {
        kind: "read",
        understanding: gradeAnswer(asked.output, context),
        ms: asked.latencyMs,
        costUsd: claudePriceUsd(asked),
      };
    },
  };
}
