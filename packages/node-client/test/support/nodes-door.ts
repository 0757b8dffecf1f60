import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { AppError, errorCodes } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { NodeKind } from "@steward/contracts/node";
import type { Route } from "@steward/contracts/route";
import { type RouteName, routes } from "@steward/contracts/routes";
import { sha256Hex } from "@steward/contracts/canonical";
import { createTestCa, type TestCa } from "./test-ca.ts";

interface DoorCall {
  route: RouteName;
  params: Record<string, string>;
  body: unknown;
  /** sha256 (hex) of the client certificate's DER. */
  certificate: string | undefined;
}
export type DoorHandler = (call: DoorCall) => unknown;

/**
 * A scripted control plane over real sockets: `nodes.` with mutual TLS, `api.` and an object store over plain HTTP.
 * Bodies are held to the contracts' schemas, so that a client that says something else fails the test.
 */
export async function startNodesDoor(given: { ca?: TestCa } = {}) {
  const ca = given.ca ?? (await createTestCa());
  const handlers = new Map<RouteName, DoorHandler>();
  const calls: DoorCall[] = [];
  const objects = new Map<string, Uint8Array>();
  const lostReplies = new Map<RouteName, number>();
  let puts = 0;
  let storeIsAway = false;
  let carriedOut: (name: RouteName) => void = () => {};

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const url = new URL(request.url ?? "/", "http://door");
    if (url.pathname.startsWith("/objects/")) return serveObject(request, response, url.pathname, body);
    const found = match(request.method ?? "", url.pathname);
    if (!found) return answer(response, 404, { code: "not_found", detail: url.pathname });
    const { name, route, params } = found;
    const socket = request.socket as Partial<TLSSocket>;
    const raw = socket.getPeerCertificate?.().raw;
    const call: DoorCall = {
      route: name,
      params,
      body: body.length > 0 ? JSON.parse(new TextDecoder().decode(body)) : undefined,
      certificate: raw === undefined ? undefined : sha256Hex(new Uint8Array(raw)),
    };
    calls.push(call);
    try {
      if (route.body) call.body = route.body.parse(call.body);
      const handler = handlers.get(name);
      if (!handler) throw new AppError("not_found", `the test's door has no ${name}`);
      const result = await handler(call);
      carriedOut(name);
      const lost = lostReplies.get(name) ?? 0;
      if (lost > 0) {
        lostReplies.set(name, lost - 1);
        request.socket.destroy();
        return undefined;
      }
      return answer(response, route.status, result);
    } catch (error) {
      const problem = error instanceof AppError ? error : new AppError("invalid_request", String(error));
      const headers: Record<string, string> =
        problem.retryAfterSeconds === undefined ? {} : { "retry-after": String(problem.retryAfterSeconds) };
      const { status, title } = errorCodes[problem.code];
      const document = {
        ...problem.details,
        type: "about:blank",
        title,
        status,
        code: problem.code,
        detail: problem.message,
      };
      return answer(response, status, document, headers);
    }
  }

  function serveObject(request: IncomingMessage, response: ServerResponse, path: string, body: Uint8Array): void {
    if (request.method === "PUT") {
      puts += 1;
      if (storeIsAway) return void request.socket.destroy();
      if (objects.has(path)) return answer(response, 412, {});
      objects.set(path, body);
      return answer(response, 200, {});
    }
    const stored = objects.get(path);
    if (!stored) return answer(response, 404, {});
    response.writeHead(200);
    response.end(stored);
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const secure = createTlsServer(
    { ...(await ca.serverPair()), ca: ca.pem, requestCert: true, rejectUnauthorized: true },
    listener,
  );
  const plain = createServer(listener);
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const nodesUrl = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  const plainUrl = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;

  return {
    ca,
    nodesUrl,
    apiUrl: plainUrl,
    objectUrl: (name: string) => `${plainUrl}/objects/${name}`,
    objects,
    calls,
    callsOf: (name: RouteName) => calls.filter((call) => call.route === name),
    on(name: RouteName, handler: DoorHandler) {
      handlers.set(name, handler);
    },
    /** Enrols whoever asks as this node, and takes its heartbeats. */
    admits(node: {
      nodeId: string;
      tenantId?: string;
      kind: NodeKind;
      name: string;
      rootPublicKey?: string;
      life?: () => { from: number; to: number };
    }) {
      const { life, ...given } = node;
      handlers.set("enrol", async ({ body }) => ({
        tenantId: providerTenantId,
        rootPublicKey: "AAAA",
        ...given,
        certificate: await ca.certify((body as { csr: string }).csr, life?.()),
        nodesUrl,
      }));
      handlers.set("heartbeat", () => ({
        serverTimeMs: Date.now(),
        nextIntervalSeconds: 60,
        configRevision: 0,
        pendingRuns: [],
      }));
    },
    /** Whether nothing can be put into the object store from now on. */
    storeAway(isAway: boolean) {
      storeIsAway = isAway;
    },
    puts: () => puts,
    /** To answer as before, in the end. */
    handlerOf(name: RouteName): DoorHandler {
      const handler = handlers.get(name);
      if (!handler) throw new Error(`the test's door has no ${name}`);
      return handler;
    },
    /** Called when a call was carried out and not answered yet: the moment to kill somebody. */
    onCarriedOut(hook: (name: RouteName) => void) {
      carriedOut = hook;
    },
    /** The next `times` answers of the route are lost, after it was carried out. */
    loseReplies(name: RouteName, times: number) {
      lostReplies.set(name, times);
    },
    async close() {
      for (const server of [secure, plain]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}
export type NodesDoor = Awaited<ReturnType<typeof startNodesDoor>>;

function match(method: string, path: string) {
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    if (route.method !== method) continue;
    const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, key]) => key ?? "");
    const found = new RegExp(`^${route.path.replace(/\{\w+\}/g, "([^/]+)")}$`).exec(path);
    if (!found) continue;
    return { name, route, params: Object.fromEntries(names.map((key, at) => [key, found[at + 1] ?? ""])) };
  }
  return undefined;
}

function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}

async function bytesOf(request: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of request) parts.push(part as Uint8Array);
  return new Uint8Array(Buffer.concat(parts));
}
