/** List prices by family, in US dollars for a million tokens. */
const prices = {
  haiku: { prompt: 1, completion: 5 },
  sonnet: { prompt: 3, completion: 15 },
  opus: { prompt: 5, completion: 25 },
} as const;

/**
 * What an answer of Claude costs at list prices, in US dollars: for a graph, not for an invoice. Errs upwards: cached
 * tokens count in full, and a model of no known family costs as much as the dearest.
 */
export function claudePriceUsd(answer: { model: string; promptTokens: number; completionTokens: number }): number {
  const family = (["haiku", "sonnet", "opus"] as const).find((name) => answer.model.includes(name)) ?? "opus";
  const price = prices[family];
  return (answer.promptTokens * price.prompt + answer.completionTokens * price.completion) / 1_000_000;
}
