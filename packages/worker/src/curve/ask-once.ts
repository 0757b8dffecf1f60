import { askModel } from "../ask-model.ts";
import { type AskOnce, measuredTokens } from "./measure-curve.ts";

/** A short fixed prompt whose answer is longer than is waited for. */
export function askOnceOf(host: string, model: string): AskOnce {
  return async (number, onFirst, signal) => {
    const prompt = `${number}. Write the numbers from one to two hundred in words, separated by commas.`;
    const onTokens = (tokens: number) => {
      if (tokens === 1) onFirst();
    };
    const answered = await askModel({ host, model, prompt, mostTokens: measuredTokens, onTokens, signal });
    return { tokens: answered.completionTokens };
  };
}
