import { Ollama } from "ollama";
import { strictFetch } from "../probe.ts";
import { type AskOnce, measuredTokens } from "./measure-curve.ts";

/** A short fixed prompt whose answer is longer than is waited for. */
export function askOnceOf(host: string, model: string): AskOnce {
  return async (number, onFirst, signal) => {
    const ollama = new Ollama({ host, fetch: strictFetch(signal) });
    const content = `${number}. Write the numbers from one to two hundred in words, separated by commas.`;
    const stream = await ollama.chat({
      model,
      messages: [{ role: "user", content }],
      stream: true,
      options: { temperature: 0, num_predict: measuredTokens },
    });
    let pieces = 0;
    for await (const part of stream) {
      if (pieces === 0) onFirst();
      pieces += 1;
      if (part.done) return { tokens: part.eval_count ?? pieces };
    }
    throw new Error("the model's answer ended in the middle");
  };
}
