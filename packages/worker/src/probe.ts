import { type Lane, lanes } from "@steward/contracts/names";
import { describeError } from "@steward/node-client/log";
import { Ollama } from "ollama";

/** Models per lane: a small one answers the short lane. */
export type WantedModels = Partial<Record<Lane, string>>;
export const defaultModels: WantedModels = { express: "llama3.2:3b", standard: "llama3.1:8b" };

export type OllamaProbe = { reachable: true; models: string[] } | { reachable: false; why: string };

/** Which models Ollama has. Never throws. */
export async function probeOllama(host: string, timeoutMs = 5_000): Promise<OllamaProbe> {
  const ollama = new Ollama({ host, fetch: strictFetch(AbortSignal.timeout(timeoutMs)) });
  try {
    const { models } = await ollama.list();
    return { reachable: true, models: models.map(({ name }) => name) };
  } catch (error) {
    return { reachable: false, why: describeError(error) };
  }
}

/** The model for a lane: its own if it is there, else any other that is wanted and there. */
export function modelFor(lane: Lane, wanted: WantedModels, present: readonly string[]): string | undefined {
  const choices = [wanted[lane], ...Object.values(wanted)];
  for (const choice of choices) {
    const found = choice === undefined ? undefined : present.find((name) => fullName(name) === fullName(choice));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Those that lanes are answered with: what else Ollama has is nobody's business. */
export function usedModels(wanted: WantedModels, present: readonly string[]): string[] {
  return [...new Set(lanes.flatMap((lane) => modelFor(lane, wanted, present) ?? []))];
}

/** What is wanted and not there, the shortest lane's first. */
export function missingModels(wanted: WantedModels, present: readonly string[]): string[] {
  const there = new Set(present.map(fullName));
  return [...new Set(lanes.flatMap((lane) => wanted[lane] ?? []))].filter((model) => !there.has(fullName(model)));
}

/** `llama3.2` and `llama3.2:latest` are the same. */
function fullName(name: string): string {
  return name.includes(":") ? name : `${name}:latest`;
}

/** What the model server answered instead of a model's words. */
export class OllamaHttpError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`Ollama answered ${status}: ${text.slice(0, 200)}`);
    this.name = "OllamaHttpError";
    this.status = status;
  }
}

/** A `fetch` for the Ollama client that ends with the signal at any moment, and fails on an error status by itself. */
export function strictFetch(signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const given = init?.signal;
    const response = await fetch(input, { ...init, signal: given ? AbortSignal.any([given, signal]) : signal });
    if (!response.ok) throw new OllamaHttpError(response.status, await response.text());
    return response;
  };
}
