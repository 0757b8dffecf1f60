import type { ReleaseJob } from "@steward/contracts/job";
import { describeError } from "@steward/node-client/log";
import { Ollama } from "ollama";
import { OllamaHttpError, strictFetch } from "./probe.ts";

/** What the model, or its server, did wrong. */
export class ModelFault extends Error {
  readonly reason: Extract<ReleaseJob["reason"], "model_unavailable" | "model_error">;
  /** It is about what was asked: another question may fare well. */
  readonly ofQuestion: boolean;
  constructor(
    reason: ModelFault["reason"],
    message: string,
    { cause, ofQuestion = false }: { cause?: unknown; ofQuestion?: boolean } = {},
  ) {
    super(message, { cause });
    this.name = "ModelFault";
    this.reason = reason;
    this.ofQuestion = ofQuestion;
  }
}

export interface AskModelOptions {
  host: string;
  model: string;
  /** What goes before the prompt. */
  system?: string;
  prompt: string;
  /** JSON Schema that the answer is held to. Absent: plain text. */
  schema?: Record<string, unknown> | undefined;
  /** The answer ends there, however much the model would say. */
  mostTokens?: number;
  /** Something arrived: how many pieces so far, and all that there is of it. */
  onTokens: (tokens: number, output: string) => void;
  signal: AbortSignal;
}

export interface ModelAnswered {
  /** Exactly what the model wrote. */
  output: string;
  promptTokens: number;
  completionTokens: number;
}

const maxOutputCharacters = 64_000;

/**
 * One chat, with structured output where there is a schema, streamed. Throws `ModelFault`, or whatever the signal's abortion makes of it. Whether
 * the answer is any good is judged by the control plane, not here.
 */
export async function askModel(options: AskModelOptions): Promise<ModelAnswered> {
  const { model, system, prompt, schema, mostTokens, signal } = options;
  const ollama = new Ollama({ host: options.host, fetch: strictFetch(signal) });
  let output = "";
  let tokens = 0;
  try {
    const stream = await ollama.chat({
      model,
      messages: [
        ...(system === undefined ? [] : [{ role: "system", content: system }]),
        { role: "user", content: prompt },
      ],
      ...(schema === undefined ? {} : { format: schema }),
      stream: true,
      options: { temperature: 0, ...(mostTokens === undefined ? {} : { num_predict: mostTokens }) },
    });
    for await (const part of stream) {
      if (part.message.content !== "") {
        output += part.message.content;
        tokens += 1;
        options.onTokens(tokens, output);
      }
      if (output.length > maxOutputCharacters) {
        stream.abort();
        const why = `the model wrote more than ${maxOutputCharacters} characters`;
        throw new ModelFault("model_error", why, { ofQuestion: true });
      }
      if (part.done) {
        return { output, promptTokens: part.prompt_eval_count ?? 0, completionTokens: part.eval_count ?? tokens };
      }
    }
  } catch (error) {
    if (signal.aborted || error instanceof ModelFault) throw error;
    throw faultOf(error);
  }
  throw new ModelFault("model_error", "the model's answer ended in the middle");
}

function faultOf(error: unknown): ModelFault {
  if (error instanceof OllamaHttpError) {
    return new ModelFault(error.status === 404 ? "model_unavailable" : "model_error", error.message, { cause: error });
  }
  // `fetch` fails with a TypeError when nobody listens; once the stream is open it is the answer that broke.
  const refused =
    error instanceof TypeError &&
    error.cause instanceof Error &&
    "code" in error.cause &&
    error.cause.code === "ECONNREFUSED";
  return new ModelFault(refused ? "model_unavailable" : "model_error", describeError(error), { cause: error });
}
