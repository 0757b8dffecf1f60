import Anthropic from "@anthropic-ai/sdk";
import { jsonSchemaOutputFormat } from "@anthropic-ai/sdk/helpers/json-schema";
import { claudeAnswerTokens } from "@steward/core/planning/claude-price";

export interface ClaudeQuestion {
  apiKey: string;
  /** Another address than Anthropic's. */
  baseUrl?: string;
  model: string;
  /** The same for many questions: cached on Anthropic's side. */
  system: string;
  prompt: string;
  /** JSON Schema of the answer: an object whose objects all name their properties. Absent: plain text. */
  schema?: Record<string, unknown>;
  /** From now until the answer must be complete. */
  timeoutMs: number;
  /** Who says nothing for as long does not answer. For tests. */
  fairTimeMs?: number;
  signal?: AbortSignal;
}

export type ClaudeAnswer =
  | {
      kind: "answer";
      /** The model's words: JSON, as long as the model kept to the schema. */
      output: string;
      /** The model that answered, as it names itself. */
      model: string;
      /** Those that were not cached. */
      promptTokens: number;
      cacheWriteTokens: number;
      cacheReadTokens: number;
      completionTokens: number;
      latencyMs: number;
    }
  | Failure;

interface Failure {
  kind: "failed";
  /** In words that whoever asked may read. */
  reason: string;
  /** What Anthropic said itself, and about the provider's account: for its staff alone. */
  staffDetail?: string;
  /** The same question may be answered later. */
  retryable: boolean;
  /** What it cost nobody knows, but it may be something. */
  billed: boolean;
  /** It is Anthropic or the way there, whatever is asked: others will fare the same. */
  outage: boolean;
  latencyMs: number;
  keyRefused?: true;
}

/** Claude says something within this, or does not answer. */
const defaultFairTimeMs = 15_000;

/** Asks Claude once, within the deadline. Never throws; the key appears in no reason. */
export async function askClaude(question: ClaudeQuestion): Promise<ClaudeAnswer> {
  const startedMs = performance.now();
  const deadline = AbortSignal.timeout(question.timeoutMs);
  const signal = question.signal === undefined ? deadline : AbortSignal.any([deadline, question.signal]);
  let begun = false;
  let heardMs = startedMs;
  const listener: Listener = {
    onBegun: () => {
      begun = true;
    },
    onWord: () => {
      heardMs = performance.now();
    },
  };
  const latencyMs = () => Math.round(performance.now() - startedMs);
  try {
    // Raced, not only aborted: whatever the connection does, the caller is answered in time.
    const message = await Promise.race([ask(question, signal, listener), whenAborted(signal)]);
    const cut = whyIncomplete(message);
    if (cut !== undefined) return { ...cut, outage: false, latencyMs: latencyMs() };
    const { usage } = message;
    return {
      kind: "answer",
      output: withoutFence(message.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("")),
      model: message.model,
      promptTokens: usage.input_tokens,
      cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
      cacheReadTokens: usage.cache_read_input_tokens ?? 0,
      completionTokens: usage.output_tokens,
      latencyMs: latencyMs(),
    };
  } catch (error) {
    if (deadline.aborted) {
      const said = {
        reason: "Claude did not answer in time",
        staffDetail: `no answer within ${question.timeoutMs} ms`,
      };
      // A job that came late leaves less time than Claude needs, and a long answer that comes along well takes more than
      // there is: neither says anything of Anthropic. Silence does.
      const outage = Math.round(performance.now() - heardMs) >= (question.fairTimeMs ?? defaultFairTimeMs);
      return { kind: "failed", ...said, retryable: true, billed: true, outage, latencyMs: latencyMs() };
    }
    if (signal.aborted) {
      const reason = "the question to Claude was cancelled";
      return { kind: "failed", reason, retryable: true, billed: true, outage: false, latencyMs: latencyMs() };
    }
    // What was refused before the first word costs nothing.
    const failed = failure(error, question.apiKey);
    return { ...failed, outage: failed.retryable, billed: begun, latencyMs: latencyMs() };
  }
}

interface Listener {
  onBegun: () => void;
  /** Another piece of the answer. */
  onWord: () => void;
}

async function ask(question: ClaudeQuestion, signal: AbortSignal, listener: Listener): Promise<Anthropic.Message> {
  const client = new Anthropic({
    apiKey: question.apiKey,
    // Nothing but the caller's own configuration: the SDK would look into the environment.
    authToken: null,
    baseURL: question.baseUrl ?? "https://api.anthropic.com",
    timeout: question.timeoutMs,
    // The queue tries again, with the deadline in view.
    maxRetries: 0,
    logLevel: "off",
  });
  if (question.schema === undefined) return await stream(client, question, { signal, listener }, {});
  const format = formatOf(question.schema);
  if (format !== undefined) {
    try {
      return await stream(client, question, { signal, listener }, { output_config: { format } });
    } catch (error) {
      if (!isSchemaRefused(error)) throw error;
    }
  }
  const schema = `Answer with one JSON object of this JSON Schema:\n${JSON.stringify(question.schema)}`;
  return await stream(client, { ...question, prompt: `${question.prompt}\n\n${schema}` }, { signal, listener }, {});
}

/** Streamed: a connection without a sign of life for a minute is cut by what lies between. */
async function stream(
  client: Anthropic,
  { model, system, prompt }: ClaudeQuestion,
  { signal, listener }: { signal: AbortSignal; listener: Listener },
  output: Pick<Anthropic.MessageStreamParams, "output_config">,
): Promise<Anthropic.Message> {
  const messages = client.messages.stream(
    {
      model,
      max_tokens: claudeAnswerTokens,
      system: [{ type: "text", text: system, cache_control: { type: "ephemeral" } }],
      messages: [{ role: "user", content: prompt }],
      ...output,
    },
    { signal },
  );
  messages.once("connect", listener.onBegun);
  messages.on("streamEvent", listener.onWord);
  return await messages.finalMessage();
}

/** The schema in the form that Anthropic holds an answer to; undefined where it has none (an object without named properties). */
function formatOf(schema: Record<string, unknown>): Anthropic.JSONOutputFormat | undefined {
  try {
    const { type, schema: strict } = jsonSchemaOutputFormat({ type: "object", ...schema } as { type: "object" });
    return { type, schema: strict };
  } catch {
    return undefined;
  }
}

/**
 * Anthropic compiles the schema into a grammar and refuses one that grows too large, at a limit that it does not tell:
 * a long catalogue must not end the escalation. The answer is judged by the control plane in any case.
 */
function isSchemaRefused(error: unknown): boolean {
  return error instanceof Anthropic.APIError && error.status === 400 && /schema|grammar/i.test(error.message);
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_, reject) => {
    const stop = () => reject(new Error("aborted"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

/** Models that are not held to a schema like to put JSON into a fenced block. */
function withoutFence(text: string): string {
  return /^\s*```(?:json)?\s*([^]*?)\s*```\s*$/.exec(text)?.[1] ?? text;
}

function whyIncomplete({ stop_reason: stopped }: Anthropic.Message): Omit<Failure, "outage" | "latencyMs"> | undefined {
  switch (stopped) {
    case "end_turn":
    case "stop_sequence":
      return undefined;
    case "refusal":
      return { kind: "failed", reason: "Claude refused to answer this", retryable: false, billed: true };
    case "max_tokens":
    case "model_context_window_exceeded":
      return { kind: "failed", reason: "Claude's answer was cut off: too long", retryable: false, billed: true };
    default:
      return {
        kind: "failed",
        reason: `Claude stopped for an unexpected reason (${String(stopped)})`,
        retryable: true,
        billed: true,
      };
  }
}

function failure(error: unknown, apiKey: string): Omit<Failure, "billed" | "outage" | "latencyMs"> {
  const failed = (reason: string, retryable: boolean, staffDetail?: string) => ({
    kind: "failed" as const,
    reason,
    retryable,
    ...(staffDetail === undefined ? {} : { staffDetail }),
  });
  if (error instanceof Anthropic.APIConnectionError) return failed("Claude could not be reached", true, error.message);
  if (error instanceof Anthropic.APIError) {
    const { status, message } = error;
    // What the server says to a refused key may repeat parts of it.
    if (status === 401 || status === 403)
      return { ...failed("Claude could not be asked", false, "Anthropic refused the key"), keyRefused: true };
    if (status === 404) return failed("Claude could not be asked", false, "Anthropic does not know this model");
    if (status === 429) return failed("Claude has too much to do", true, "Anthropic's rate limit is reached");
    if (status === undefined || status >= 500)
      return failed("Claude has a fault", true, `Anthropic has a fault (${status ?? "in the stream"})`);
    const said = message.replaceAll(apiKey, "[key]").slice(0, 300);
    return failed("Claude did not take the question", false, `Anthropic refused the question (${status}): ${said}`);
  }
  return failed("Claude's answer could not be read", true);
}
