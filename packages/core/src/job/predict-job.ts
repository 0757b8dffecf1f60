import { defaults } from "@steward/contracts/defaults";
import { type Lane, lanes } from "@steward/contracts/names";
import type { JobKind } from "./job-state.ts";
import { countOf, distanceQuantile, medianRatio, type RatioCounts, sumOfRatios } from "./ratio-counts.ts";

/*
 * How long a worker will take for a job, before anybody has taken it. A prompt is read fast, each word of the answer is
 * written slowly: tokens and two speeds give a first figure, and what recent jobs really took corrects it, by medians, so
 * that a host that hung or a model that rambled moves it little. Wrong it will be; by how much is reported with it.
 */

/** A small model on a small GPU. Real hosts are told from it by a factor, which is learnt. */
const promptTokensPerSecond = 2_500;
const tokensPerSecond = 70;
/** A claim, a first token, a completion. */
const overheadSeconds = 0.3;

/** Of text with some JSON in it, in the tokenizers of the models that we ask. */
const charactersPerToken = 3.6;

/** The frame of a plan's JSON, what one step of it takes, and that it says once more what was asked for. */
const planTokens = 30;
const stepTokens = 45;
/** An answer of nobody's stated length, one that is to be short, and one that is to be thorough. */
const answerTokens = { usual: 260, short: 90, long: 700 };
const tokensPerWord = 1.4;
const mostWords = 3_000;

/** What recent jobs say, of one lane and kind. Each is real ÷ assumed. */
export interface Pace {
  /** Seconds, by what the tokens that were really read and written should have taken: the hosts and the model. */
  speed: RatioCounts;
  /** Written tokens, by those expected: the askers and the model. */
  length: RatioCounts;
}
export type PaceHistory = readonly (Pace & { lane: Lane; kind: JobKind })[];

export interface Prediction {
  seconds: number;
  lane: Lane;
  /** Of the answer, before it is corrected by history: what its real length is held against. */
  expectedTokens: number;
}

/** As much as so many jobs: what is assumed gives way to what is seen. */
const priorWeight = 2;

/** The shortest lane whose time it fits, judged by that lane's own hosts and model; `bulk` takes the rest. */
export function predictJob(
  input: { kind: JobKind; promptCharacters: number; instruction: string },
  history: PaceHistory = [],
): Prediction {
  const expectedTokens = expectedTokensOf(input);
  const length = medianRatio(sumOfRatios(history.filter(({ kind }) => kind === input.kind).map((one) => one.length)), {
    ratio: 1,
    weight: priorWeight,
  });
  const assumed = assumedSeconds(input.promptCharacters / charactersPerToken, expectedTokens * length);
  // A lane without jobs yet is thought to be like the others.
  const anywhere = medianRatio(sumOfRatios(history.map((one) => one.speed)), { ratio: 1, weight: priorWeight });
  const secondsIn = (lane: Lane) => {
    const seen = sumOfRatios(history.filter((one) => one.lane === lane).map((one) => one.speed));
    return assumed * medianRatio(seen, { ratio: anywhere, weight: priorWeight });
  };
  for (const lane of lanes) {
    const seconds = secondsIn(lane);
    if (lane === "bulk" || seconds <= defaults.laneUpToSeconds[lane]) return { seconds, lane, expectedTokens };
  }
  throw new Error("bulk takes every job");
}

/** What the tokens of a job should have taken. */
export function assumedSeconds(promptTokens: number, completionTokens: number): number {
  return overheadSeconds + promptTokens / promptTokensPerSecond + completionTokens / tokensPerSecond;
}

/** How long the answer will be, by what is asked for. */
export function expectedTokensOf({ kind, instruction }: { kind: JobKind; instruction: string }): number {
  switch (kind) {
    case "plan": {
      const steps = Math.min(defaults.maxSteps, stepsIn(instruction));
      return planTokens + steps * stepTokens + instruction.length / charactersPerToken;
    }
    case "answer": {
      const words = /\b(\d{1,4})\s+words?\b/i.exec(instruction)?.[1];
      if (words !== undefined) return Math.max(1, Math.min(mostWords, Number(words))) * tokensPerWord;
      if (/\b(?:short|shortly|brief|briefly|one sentence|in a word|tl;?dr)\b/i.test(instruction)) {
        return answerTokens.short;
      }
      if (/\b(?:in detail|detailed|thorough(?:ly)?|step by step|explain everything|full guide)\b/i.test(instruction)) {
        return answerTokens.long;
      }
      // Several questions in one.
      return answerTokens.usual * Math.min(3, Math.max(1, instruction.match(/\?/g)?.length ?? 1));
    }
  }
}

function stepsIn(instruction: string): number {
  return 1 + (instruction.match(/,|;|\.\s|\n|\b(?:and|then|also|plus|und|dann|y|luego|et|puis)\b/gi)?.length ?? 0);
}

export interface PredictionError {
  /** |ln(real ÷ predicted)|: half of the jobs, and nine tenths of them, were nearer. 0.7 is twice or half as long. */
  p50: number;
  p90: number;
  jobs: number;
}

/** How wrong predictions were. Undefined where there were none. */
export function predictionErrorOf(errors: RatioCounts): PredictionError | undefined {
  const p50 = distanceQuantile(errors, 0.5);
  const p90 = distanceQuantile(errors, 0.9);
  return p50 === undefined || p90 === undefined ? undefined : { p50, p90, jobs: countOf(errors) };
}
