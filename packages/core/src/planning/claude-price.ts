/** List prices by family, in US dollars for a million tokens. */
const prices = {
  haiku: { prompt: 1, completion: 5 },
  sonnet: { prompt: 3, completion: 15 },
  opus: { prompt: 5, completion: 25 },
} as const;

/** The longest answer that Claude is asked for. */
export const claudeAnswerTokens = 8_192;
/** A prompt that is written into Anthropic's cache costs a quarter more. */
const cacheWriteFactor = 1.25;
/** The roles and marks around the texts. */
const frameTokens = 1_000;

/**
 * The most that a question can cost, in US dollars, before it is asked: no token is shorter than a byte, everything is
 * cached anew, and the answer is as long as it may be.
 */
export function claudeMostUsd({ model, promptBytes }: { model: string; promptBytes: number }): number {
  const promptTokens = Math.ceil((promptBytes + frameTokens) * cacheWriteFactor);
  return claudePriceUsd({ model, promptTokens, completionTokens: claudeAnswerTokens });
}

/**
 * What an answer of Claude costs at list prices, in US dollars: for a graph, not for an invoice. Errs upwards: cached
 * tokens count in full, and a model of no known family costs as much as the dearest.
 */
export function claudePriceUsd(answer: { model: string; promptTokens: number; completionTokens: number }): number {
  const family = (["haiku", "sonnet", "opus"] as const).find((name) => answer.model.includes(name)) ?? "opus";
  const price = prices[family];
  return (answer.promptTokens * price.prompt + answer.completionTokens * price.completion) / 1_000_000;
}
