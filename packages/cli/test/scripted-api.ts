import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError, errorCodes } from "@steward/contracts/errors";
import type { Route } from "@steward/contracts/route";
import { type RouteName, routes } from "@steward/contracts/routes";

export interface Call {
  name: RouteName;
  params: Record<string, string>;
  query: Record<string, unknown>;
  body: unknown;
  headers: Record<string, string | undefined>;
}
export type Script = Partial<Record<RouteName, (call: Call) => unknown>>;

export interface ScriptedApi {
  url: string;
  /** Every call so far, in order. */
  calls: Call[];
  /** Bytes served below `/storage/`, as the presigned URLs of a storage would. */
  storage: Map<string, Uint8Array>;
  close: () => Promise<void>;
}

/**
 * An HTTP server over the real route table: paths, queries and bodies are held to the routes' schemas, and so are the
 * script's answers, so that a test cannot pass on a shape that the API would not send. Throw `AppError` to refuse.
 */
export async function startScriptedApi(script: Script): Promise<ScriptedApi> {
  const calls: Call[] = [];
  const storage = new Map<string, Uint8Array>();
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      const fault = error instanceof AppError ? error : new AppError("internal", `the script failed: ${String(error)}`);
      answerProblem(response, fault);
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://scripted");
    const stored = storage.get(url.pathname);
    if (stored !== undefined) {
      if (request.headers.authorization !== undefined)
        throw new AppError("invalid_request", "a presigned URL got our token");
      response.writeHead(200).end(stored);
      return;
    }
    const found = findRoute(request.method ?? "", url.pathname);
    if (found === undefined) throw new AppError("not_found", `no route ${request.method} ${url.pathname}`);
    const { name, route, params } = found;
    const text = await readBody(request);
    const call: Call = {
      name,
      params,
      query: held(route.query, Object.fromEntries(url.searchParams), "query") as Record<string, unknown>,
      body: held(route.body, text === "" ? undefined : JSON.parse(text), "body"),
      headers: Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)])),
    };
    if (route.idempotent === true && call.headers["idempotency-key"] === undefined) {
      throw new AppError("invalid_request", `${name} without an Idempotency-Key`);
    }
    if (!("open" in route.access) && call.headers["authorization"] === undefined) {
      throw new AppError("unauthenticated", "no access token");
    }
    calls.push(call);
    const act = script[name];
    if (act === undefined) throw new AppError("not_found", `the script has no ${name}`);
    const answer = await act(call);
    response.writeHead(route.status, { "content-type": "application/json" });
    response.end(route.answer === undefined ? undefined : JSON.stringify(route.answer.parse(answer)));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    storage,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function findRoute(
  method: string,
  path: string,
): { name: RouteName; route: Route; params: Record<string, string> } | undefined {
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    if (route.method !== method) continue;
    const pattern = new RegExp(`^${route.path.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
    const match = pattern.exec(path);
    if (match) return { name, route, params: { ...match.groups } };
  }
  return undefined;
}

function held(schema: Route["body"], value: unknown, what: string): unknown {
  if (schema === undefined) return value ?? {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", `the ${what} is malformed`, {
    fields: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  });
}

function answerProblem(response: ServerResponse, error: AppError): void {
  const { status, title } = errorCodes[error.code];
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(
    JSON.stringify({
      type: "about:blank",
      title,
      status,
      code: error.code,
      detail: error.message,
      next: error.next,
      fields: error.fields,
    }),
  );
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}
