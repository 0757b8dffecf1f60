/** List prices by family, in US dollars for a million tokens. */
const prices = {
  haiku: { prompt: 1, completion: 5 },
  sonnet: { prompt: 3, completion: 15 },
  opus: { prompt: 5, completion: 25 },
} as const;

/** The longest answer that Claude is asked for. */
export const claudeAnswerTokens = 8_192;
/** What a token of the prompt costs that is written into Anthropic's cache for five minutes, or read from there. */
const cacheWriteFactor = 1.25;
const cacheReadFactor = 0.1;
/** The roles and marks around the texts. */
const frameTokens = 1_000;

/** Tokens of one question and its answer, as Anthropic bills them. Each token of the prompt is in one of the three. */
export interface ClaudeTokens {
  promptTokens: number;
  /** Written into the cache, or read from it. Absent: none. */
  cacheWriteTokens?: number;
  cacheReadTokens?: number;
  completionTokens: number;
}

/**
 * The most that a question can cost, in US dollars, before it is asked: no token is shorter than a byte, everything is
 * cached anew, and the answer is as long as it may be.
 */
export function claudeMostUsd({ model, promptBytes }: { model: string; promptBytes: number }): number {
  return claudePriceUsd({
    model,
    promptTokens: 0,
    cacheWriteTokens: promptBytes + frameTokens,
    completionTokens: claudeAnswerTokens,
  });
}

/**
 * What an answer of Claude costs at list prices, in US dollars: for budgets and graphs, not for an invoice. Errs upwards: a
 * model of no known family costs as much as the dearest.
 */
export function claudePriceUsd(answer: ClaudeTokens & { model: string }): number {
  const family = (["haiku", "sonnet", "opus"] as const).find((name) => answer.model.includes(name)) ?? "opus";
  const price = prices[family];
  const { promptTokens, cacheWriteTokens = 0, cacheReadTokens = 0, completionTokens } = answer;
  const prompt = promptTokens + cacheWriteFactor * cacheWriteTokens + cacheReadFactor * cacheReadTokens;
  return (prompt * price.prompt + completionTokens * price.completion) / 1_000_000;
}
