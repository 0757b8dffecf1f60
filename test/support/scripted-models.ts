import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/*
 * A model server for tests: it speaks Ollama's HTTP protocol and Anthropic's, says what a script tells it to say, and
 * remembers what it was asked. Only the words are made up; the protocols are the real ones.
 */

export type Protocol = "ollama" | "anthropic";

/** A question, as either protocol asks it. */
export interface ModelRequest {
  protocol: Protocol;
  model: string;
  system: string;
  prompt: string;
  /** JSON Schema that the answer should be held to, where one was sent. */
  schema: Record<string, unknown> | undefined;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
}

export type Script =
  /** Answers with this JSON. `tokenMs`: time between two tokens (four characters each). */
  | { kind: "answer"; json: unknown; tokenMs?: number }
  /** Answers with words as they are: prose, or anything that is no JSON. */
  | { kind: "text"; text: string; tokenMs?: number; stopReason?: string }
  /** An error, as the protocol words it. */
  | { kind: "status"; status: number; message?: string }
  /** Says so many tokens, then nothing, and keeps the connection. 0: not even the head of the answer. */
  | { kind: "hang"; afterTokens: number }
  /** Says so many tokens, then cuts the connection. */
  | { kind: "cut"; afterTokens: number }
  /** 200 with bytes that are of no protocol. */
  | { kind: "garbage" };

/** A script, or what makes one of the question. It may take its time. */
export type Scripting = Script | ((request: ModelRequest) => Script | Promise<Script>);

export interface ScriptedModels {
  /** `http://127.0.0.1:<port>`: the base address for either protocol. */
  url: string;
  /** Questions so far, oldest first. */
  requests: ModelRequest[];
  /** From the next question on. Without a protocol: for both. */
  script(scripting: Scripting, protocol?: Protocol): void;
  /** Nobody listens at the address any more; open connections are cut. */
  refuseConnections(): Promise<void>;
  acceptConnections(): Promise<void>;
  stop(): Promise<void>;
}

export async function startScriptedModels({
  models = ["llama3.2:3b", "llama3.1:8b"],
  apiKey,
  port = 0,
  script = { kind: "status", status: 500, message: "no script" },
}: {
  /** What Ollama has. */
  models?: readonly string[];
  /** The key that Anthropic accepts; any, where absent. */
  apiKey?: string;
  port?: number;
  script?: Scripting;
} = {}): Promise<ScriptedModels> {
  const requests: ModelRequest[] = [];
  const cached = new Set<string>();
  const scripts: Record<Protocol, Scripting> = { ollama: script, anthropic: script };

  const answer = async (protocol: Protocol, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readJson(request);
    const question = protocol === "ollama" ? ollamaQuestion(request, body) : anthropicQuestion(request, body);
    requests.push(question);
    const speaker =
      protocol === "ollama" ? speakOllama(question, response) : speakAnthropic(question, response, cached);
    if (protocol === "ollama" && !models.includes(question.model)) {
      return speaker.fail(404, `model '${question.model}' not found`);
    }
    if (protocol === "anthropic" && apiKey !== undefined && keyOf(request) !== apiKey) {
      return speaker.fail(401, "invalid x-api-key");
    }
    const scripting = scripts[protocol];
    await perform(typeof scripting === "function" ? await scripting(question) : scripting, speaker, response);
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? "/", "http://models").pathname;
    switch (`${request.method} ${path}`) {
      case "GET /":
      case "HEAD /":
        response.end("Ollama is running");
        return;
      case "GET /api/version":
        return sendJson(response, 200, { version: "0.12.0" });
      case "GET /api/tags":
        return sendJson(response, 200, { models: models.map(tagOf) });
      case "GET /api/ps":
        return sendJson(response, 200, { models: [] });
      case "POST /api/show": {
        const { model } = await readJson(request);
        if (!models.includes(String(model))) {
          return sendJson(response, 404, { error: `model '${String(model)}' not found` });
        }
        return sendJson(response, 200, {
          ...tagOf(String(model)),
          capabilities: ["completion"],
          model_info: { "general.architecture": "llama", "llama.context_length": 131_072 },
        });
      }
      case "POST /api/chat":
        return answer("ollama", request, response);
      case "POST /v1/messages":
        return answer("anthropic", request, response);
      default:
        return sendJson(response, 404, { error: "not found" });
    }
  };

  const server = createServer((request, response) => {
    route(request, response).catch(() => response.destroy());
  });
  const listening = await listen(server, port);
  return {
    url: `http://127.0.0.1:${listening}`,
    requests,
    script(scripting, protocol) {
      for (const one of protocol === undefined ? (["ollama", "anthropic"] as const) : [protocol]) {
        scripts[one] = scripting;
      }
    },
    refuseConnections: () => close(server),
    acceptConnections: async () => {
      if (!server.listening) await listen(server, listening);
    },
    stop: () => close(server),
  };
}

/** How one protocol says things. */
interface Speaker {
  /** Everything before the first token. */
  begin(): void;
  token(text: string): void;
  end(tokens: number, stopReason: string | undefined): void;
  fail(status: number, message: string): void;
}

async function perform(script: Script, speaker: Speaker, response: ServerResponse): Promise<void> {
  switch (script.kind) {
    case "answer":
      return say(speaker, response, { text: JSON.stringify(script.json), tokenMs: script.tokenMs });
    case "text":
      return say(speaker, response, script);
    case "status":
      return speaker.fail(script.status, script.message ?? "scripted fault");
    case "garbage":
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.end(Buffer.from([0x00, 0xff, 0x7b, 0x0a, 0x22, 0xfe, 0x0a, 0x5d]));
      return;
    case "hang":
    case "cut":
      if (script.afterTokens > 0) {
        speaker.begin();
        for (let token = 0; token < script.afterTokens; token++) speaker.token(token === 0 ? '{"un' : "ders");
      }
      if (script.kind === "cut") response.destroy();
      return;
    default:
      return script satisfies never;
  }
}

async function say(
  speaker: Speaker,
  response: ServerResponse,
  { text, tokenMs, stopReason }: { text: string; tokenMs?: number | undefined; stopReason?: string },
): Promise<void> {
  const tokens = text.match(/[^]{1,4}/g) ?? [];
  speaker.begin();
  for (const token of tokens) {
    if (tokenMs !== undefined) await wait(tokenMs);
    if (response.destroyed) return;
    speaker.token(token);
  }
  speaker.end(tokens.length, stopReason);
}

/** NDJSON, one object per token; or one object, with `stream: false`. */
function speakOllama(question: ModelRequest, response: ServerResponse): Speaker {
  const streams = question.body["stream"] !== false;
  let text = "";
  const part = (content: string, rest: object) => ({
    model: question.model,
    created_at: new Date().toISOString(),
    message: { role: "assistant", content },
    ...rest,
  });
  return {
    begin() {
      response.writeHead(200, { "content-type": streams ? "application/x-ndjson" : "application/json" });
      response.flushHeaders();
    },
    token(piece) {
      text += piece;
      if (streams) response.write(`${JSON.stringify(part(piece, { done: false }))}\n`);
    },
    end(tokens, stopReason) {
      const last = {
        done: true,
        done_reason: stopReason ?? "stop",
        total_duration: 1_000_000,
        load_duration: 0,
        prompt_eval_count: tokensOf(question),
        prompt_eval_duration: 500_000,
        eval_count: tokens,
        eval_duration: 500_000,
      };
      response.end(`${JSON.stringify(part(streams ? "" : text, last))}\n`);
    },
    fail(status, message) {
      sendJson(response, status, { error: message });
    },
  };
}

/** Server-sent events with `stream: true`; or one object. `cached`: what was to be cached so far. */
function speakAnthropic(question: ModelRequest, response: ServerResponse, cached: Set<string>): Speaker {
  const streams = question.body["stream"] === true;
  let text = "";
  const usage = usageOf(question, cached);
  const message = (content: object[], stopped: string | null, tokens: number) => ({
    id: "msg_scripted",
    type: "message",
    role: "assistant",
    model: question.model,
    content,
    stop_reason: stopped,
    stop_sequence: null,
    usage: { ...usage, output_tokens: tokens },
  });
  const event = (type: string, data: object) => {
    if (streams) response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  return {
    begin() {
      response.writeHead(200, { "content-type": streams ? "text/event-stream" : "application/json" });
      event("message_start", { message: message([], null, 0) });
      event("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
    },
    token(piece) {
      text += piece;
      event("content_block_delta", { index: 0, delta: { type: "text_delta", text: piece } });
    },
    end(tokens, stopReason = "end_turn") {
      event("content_block_stop", { index: 0 });
      event("message_delta", {
        delta: { stop_reason: stopReason, stop_sequence: null },
        usage: { output_tokens: tokens },
      });
      event("message_stop", {});
      response.end(streams ? undefined : JSON.stringify(message([{ type: "text", text }], stopReason, tokens)));
    },
    fail(status, text) {
      const types: Record<number, string> = {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
      };
      const error = { type: types[status] ?? "api_error", message: text };
      sendJson(response, status, { type: "error", error, request_id: "req_scripted" });
    },
  };
}

function ollamaQuestion(request: IncomingMessage, body: Record<string, unknown>): ModelRequest {
  const messages = arrayOf(body["messages"]);
  const said = (role: string) =>
    messages
      .filter((message) => message["role"] === role)
      .map((message) => String(message["content"]))
      .join("\n");
  return {
    protocol: "ollama",
    model: String(body["model"]),
    system: said("system"),
    prompt: said("user"),
    schema: isRecord(body["format"]) ? body["format"] : undefined,
    headers: request.headers,
    body,
  };
}

function anthropicQuestion(request: IncomingMessage, body: Record<string, unknown>): ModelRequest {
  const format = isRecord(body["output_config"]) ? body["output_config"]["format"] : undefined;
  const schema = isRecord(format) ? format["schema"] : undefined;
  return {
    protocol: "anthropic",
    model: String(body["model"]),
    system: textOf(body["system"]),
    prompt: arrayOf(body["messages"])
      .map((message) => textOf(message["content"]))
      .join("\n"),
    schema: isRecord(schema) ? schema : undefined,
    headers: request.headers,
    body,
  };
}

/** The system text is what is cached, where it is marked so: written the first time, read from then on. */
function usageOf(question: ModelRequest, cached: Set<string>) {
  const marked = arrayOf(question.body["system"]).some((block) => block["cache_control"] !== undefined);
  const kept = marked ? tokensOf({ ...question, prompt: "" }) : 0;
  const isKnown = cached.has(question.system);
  if (marked) cached.add(question.system);
  return {
    input_tokens: tokensOf(question) - kept,
    cache_creation_input_tokens: isKnown ? 0 : kept,
    cache_read_input_tokens: isKnown ? kept : 0,
  };
}

/** The key comes in a header of its own, or, from newer clients, as a bearer token. */
function keyOf({ headers }: IncomingMessage): unknown {
  return headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
}

function textOf(content: unknown): string {
  return typeof content === "string"
    ? content
    : arrayOf(content)
        .map(({ text }) => (typeof text === "string" ? text : ""))
        .join("\n");
}

/** About four characters each. */
function tokensOf({ system, prompt }: ModelRequest): number {
  return Math.ceil((system.length + prompt.length) / 4);
}

function tagOf(name: string) {
  const [family = name, size = "latest"] = name.split(":");
  return {
    name,
    model: name,
    modified_at: "2026-01-01T00:00:00Z",
    size: 2_000_000_000,
    digest: "0".repeat(64),
    details: { format: "gguf", family, families: [family], parameter_size: size, quantization_level: "Q4_K_M" },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function arrayOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || "{}");
  return isRecord(body) ? body : {};
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
