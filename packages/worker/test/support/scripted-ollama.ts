import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the next chats go: pieces of an answer, or what goes wrong. */
export type ChatScript =
  | { pieces: string[]; pauseMs?: number; end?: "done" | "hang" | "close" | "error" }
  | { status: number }
  | { hang: true }
  /** The answer begins when the promise says so. */
  | { after: Promise<void>; script: ChatScript };

/** What a pull answers: lines of progress, then it ends, hangs, or says what is wrong. */
export interface PullScript {
  parts: Record<string, unknown>[];
  end: "done" | "hang" | { error: string };
}

/** A model that writes so many tokens a second in all, by how many chats run; at most `parallel` of them do. */
export interface Speed {
  tokensPerSecond: (running: number) => number;
  parallel?: number;
}

const gibibyte = 2 ** 30;
const digestOf = (name: string) => Buffer.from(name).toString("hex").padEnd(64, "0").slice(0, 64);

/** Speaks Ollama's HTTP protocol over a real socket. */
export async function startScriptedOllama(models = ["llama3.2:3b"]) {
  let script: ChatScript = { pieces: ["{}"] };
  let pullScript: PullScript = { parts: [], end: "done" };
  let present = models;
  let loadedContext: number | undefined;
  let speed: Speed | undefined;
  let up = true;
  let old = false;
  const chats: Record<string, unknown>[] = [];
  const measured: Record<string, unknown>[] = [];
  const pulls: string[] = [];
  let open = 0;
  let running = 0;
  const gathering: (() => void)[] = [];
  const waiting: (() => void)[] = [];
  let mostOpen = 0;

  const server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      if (!up) {
        request.socket.destroy();
        return;
      }
      const body = parts.length === 0 ? {} : (JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>);
      if (request.url === "/api/chat") chatOf(body, response);
      else answer(request.url ?? "", body, response);
    });
  });

  function answer(url: string, body: Record<string, unknown>, response: ServerResponse): void {
    if (old && url !== "/api/tags") return json(response, 404, { error: "404 page not found" });
    const about = (name: string) => ({ name, model: name, digest: digestOf(name), size: 2 * gibibyte });
    switch (url) {
      case "/api/tags":
        return json(response, 200, { models: present.map(about) });
      case "/api/version":
        return json(response, 200, { version: "0.12.3" });
      case "/api/ps": {
        const context = loadedContext === undefined ? {} : { context_length: loadedContext };
        const loaded = loadedContext === undefined ? [] : present.slice(0, 1);
        return json(response, 200, {
          models: loaded.map((name) => ({ ...about(name), size_vram: 2 * gibibyte, ...context })),
        });
      }
      case "/api/show":
        return json(response, 200, { parameters: "", details: {}, model_info: modelInfo });
      case "/api/pull":
        // The client says the model's name as `name`, as the API did at first.
        pulls.push(String(body["name"] ?? body["model"]));
        return pull(pulls.at(-1) ?? "", response);
      default:
        return json(response, 404, { error: "not scripted" });
    }
  }

  function pull(model: string, response: ServerResponse): void {
    const { parts, end } = pullScript;
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write('{"status":"pulling manifest"}\n');
    for (const part of parts) response.write(`${JSON.stringify(part)}\n`);
    if (end === "hang") return;
    if (end !== "done") {
      response.end(`${JSON.stringify(end)}\n`);
      return;
    }
    present = [...present, model];
    response.end('{"status":"success"}\n');
  }

  function chatOf(body: Record<string, unknown>, response: ServerResponse): void {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    response.on("close", () => {
      open -= 1;
    });
    const options = body["options"] as { num_predict?: number } | undefined;
    if (speed !== undefined && options?.num_predict !== undefined) {
      measured.push(body);
      loadedContext ??= 4096;
      void write(speed, body, response);
      return;
    }
    chats.push(body);
    chat(response, script).catch((error: unknown) => response.destroy(error as Error));
  }

  /**
   * A level of the curve begins when all its chats are there, however slow this machine is just now: the prompt's number
   * says of how many chats it is one.
   */
  async function write(
    { tokensPerSecond, parallel = 64 }: Speed,
    body: Record<string, unknown>,
    response: ServerResponse,
  ) {
    const [message] = body["messages"] as { content: string }[];
    const level = Math.max(1, Math.floor(Number.parseInt(message?.content ?? "0", 10) / 100));
    const { num_predict: tokens } = body["options"] as { num_predict: number };
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    await new Promise<void>((resolve) => {
      gathering.push(resolve);
      if (gathering.length === level) for (const begin of gathering.splice(0)) begin();
    });
    const turn = running >= parallel ? new Promise<void>((resolve) => waiting.push(resolve)) : undefined;
    if (turn === undefined) running += 1;
    await turn;
    response.write(`${JSON.stringify({ message: { role: "assistant", content: "one" }, done: false })}\n`);
    const atOnce = Math.min(level, parallel);
    await new Promise((resolve) => setTimeout(resolve, ((tokens * atOnce) / tokensPerSecond(atOnce)) * 1000));
    const last = { message: { role: "assistant", content: "" }, done: true, prompt_eval_count: 7, eval_count: tokens };
    response.end(`${JSON.stringify(last)}\n`);
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chats,
    /** Chats that only measured how quick the model is. */
    measured,
    /** Models that were asked for. */
    pulls,
    /** Chats that the worker has not ended. */
    open: () => open,
    /** At one time, so far. */
    mostOpen: () => mostOpen,
    answer(next: ChatScript) {
      script = next;
    },
    answerPull(next: PullScript) {
      pullScript = next;
    },
    setModels(next: string[]) {
      present = next;
    },
    setSpeed(next: Speed) {
      speed = next;
    },
    /** The model is loaded, with this context for each slot. */
    setContext(next: number) {
      loadedContext = next;
    },
    /** A version that has no more than its list of models. */
    setOld(next: boolean) {
      old = next;
    },
    setUp(next: boolean) {
      up = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of llama3.2:3b, as Ollama shows it. */
const modelInfo = {
  "general.architecture": "llama",
  "llama.block_count": 28,
  "llama.attention.head_count": 24,
  "llama.attention.head_count_kv": 8,
  "llama.attention.key_length": 128,
  "llama.attention.value_length": 128,
  "llama.context_length": 131_072,
  "llama.embedding_length": 3072,
};

async function chat(response: ServerResponse, script: ChatScript): Promise<void> {
  if ("hang" in script) return;
  if ("after" in script) {
    await script.after;
    return chat(response, script.script);
  }
  if ("status" in script) return json(response, script.status, { error: "scripted" });
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  for (const content of script.pieces) {
    response.write(`${JSON.stringify({ message: { role: "assistant", content }, done: false })}\n`);
    if (script.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, script.pauseMs));
    if (response.destroyed) return;
  }
  switch (script.end ?? "done") {
    case "hang":
      return;
    case "close":
      response.destroy();
      return;
    case "error":
      response.end(`${JSON.stringify({ error: "out of memory" })}\n`);
      return;
    case "done": {
      const last = { message: { role: "assistant", content: "" }, done: true, prompt_eval_count: 7, eval_count: 3 };
      response.end(`${JSON.stringify(last)}\n`);
    }
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
