import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the next chats go: pieces of an answer, or what goes wrong. */
export type ChatScript =
  | { pieces: string[]; pauseMs?: number; end?: "done" | "hang" | "close" | "error" }
  | { status: number }
  | { hang: true };

/** Speaks Ollama's HTTP protocol over a real socket. */
export async function startScriptedOllama(models = ["llama3.2:3b"]) {
  let script: ChatScript = { pieces: ["{}"] };
  let present = models;
  let up = true;
  const chats: Record<string, unknown>[] = [];
  let open = 0;

  const server = createServer((request, response) => {
    const parts: Uint8Array[] = [];
    request.on("data", (part: Uint8Array) => parts.push(part));
    request.on("end", () => {
      if (!up) {
        request.socket.destroy();
        return;
      }
      if (request.url === "/api/tags") {
        json(response, 200, { models: present.map((name) => ({ name, model: name })) });
        return;
      }
      chats.push(JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>);
      open += 1;
      response.on("close", () => {
        open -= 1;
      });
      chat(response, script).catch((error: unknown) => response.destroy(error as Error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chats,
    /** Chats that the worker has not ended. */
    open: () => open,
    answer(next: ChatScript) {
      script = next;
    },
    setModels(next: string[]) {
      present = next;
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

async function chat(response: ServerResponse, script: ChatScript): Promise<void> {
  if ("hang" in script) return;
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
