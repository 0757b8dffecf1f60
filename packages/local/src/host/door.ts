import type { IncomingMessage, ServerResponse } from "node:http";
import { pathMatches } from "@steward/api/route-table";
import type { Door } from "@steward/contracts/route";
import { routes } from "@steward/contracts/routes";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { type ClientCertificate, eventOf, readRequestBody, sendMessage, sendResult } from "./http-event.ts";
import type { Lambda } from "./lambda.ts";
import type { StaticSite } from "./static-pages.ts";

/** The doors' domain names. As at the gateway, they come from the door, never from the caller's `Host`. */
export const localDomains = { api: "api.localhost", nodes: "nodes.localhost" } as const;

export interface DoorOptions {
  door: Door;
  functions: Readonly<Record<FunctionName, Lambda>>;
  /** Values of `Host` that are ours: `127.0.0.1:4400`. Filled before the first request. */
  hosts: readonly string[];
  /** Pages of other origins that may call this door: the other one's. */
  origins?: readonly string[];
  /** What this door answers by itself, before any function. */
  site?: StaticSite;
  nowMs: () => number;
}

/**
 * What both doors do with a request: refuse foreign hosts and origins, answer pages, find the function, turn the request
 * into its event and its outcome into the answer.
 */
export function createDoor(options: DoorOptions) {
  const routeFor = routerOf(options.door);
  return async (request: IncomingMessage, response: ServerResponse, clientCert?: ClientCertificate): Promise<void> => {
    try {
      const refusal = refusalOf(request, options);
      if (refusal !== undefined) return refuse(response, 403, "forbidden", refusal);
      if (await options.site?.answer(request, response)) return;
      const body = await readRequestBody(request);
      if (body === "too_large") {
        response.setHeader("connection", "close");
        return sendMessage(response, 413, "Request Entity Too Large");
      }
      const event = eventOf(request, body, {
        domainName: localDomains[options.door],
        ...(clientCert === undefined ? {} : { clientCert }),
        nowMs: options.nowMs(),
      });
      const { name, routeKey } = routeFor(event.requestContext.http.method, event.rawPath);
      const routed = { ...event, routeKey, requestContext: { ...event.requestContext, routeKey } };
      const outcome = await options.functions[name].invoke(routed);
      if (outcome.kind === "result") return sendResult(response, outcome.result);
      if (outcome.kind === "failed") return sendMessage(response, 500, "Internal Server Error");
      if (outcome.kind === "throttled") response.setHeader("retry-after", "1");
      sendMessage(response, 503, "Service Unavailable");
    } catch {
      // The caller went away in the middle of its request: there is nobody to answer.
      response.destroy();
    }
  };
}

/**
 * A page elsewhere may reach this port from a browser on this machine, also under a name of its own that it points at
 * 127.0.0.1. `Host` tells the second apart, `Origin` the first.
 */
function refusalOf(request: IncomingMessage, { hosts, origins = [], door }: DoorOptions): string | undefined {
  const { host, origin } = request.headers;
  if (host === undefined || !hosts.includes(host.toLowerCase())) return "this server is not known under that name";
  if (origin === undefined) return undefined;
  const scheme = door === "nodes" ? "https" : "http";
  return hosts.some((ours) => origin.toLowerCase() === `${scheme}://${ours}`) || origins.includes(origin)
    ? undefined
    : "pages from elsewhere may not call this server";
}

function refuse(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { "content-type": "application/problem+json", connection: "close" });
  response.end(JSON.stringify({ type: `urn:steward:problem:${code}`, title: "Not allowed", status, code, detail }));
}

/** `routeKey` as the gateway says it: `GET /api/v1/tasks/{taskId}`, or `$default` for what no route claims. */
function routerOf(door: Door): (method: string, path: string) => { name: FunctionName; routeKey: string } {
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  const httpFunctions = functionNames.flatMap((name) => {
    const { trigger } = definitions[name];
    return trigger.kind === "http" ? [{ name, trigger }] : [];
  });
  const table = Object.values(routes)
    .filter((route) => route.door === door)
    .map((route) => ({
      ...route,
      function: httpFunctions.find(({ trigger }) => trigger.servedBy === route.servedBy)?.name,
    }));
  const otherwise = httpFunctions.find(({ trigger }) => trigger.everythingElseAt === door)?.name;
  const orphan = table.find((route) => route.function === undefined);
  if (otherwise === undefined || orphan !== undefined) {
    throw new Error(`No function serves ${orphan?.id ?? `the rest of the ${door} door`}.`);
  }
  return (method, path) => {
    const route = table.find((one) => one.method === method && pathMatches(one.path, path));
    return route?.function === undefined
      ? { name: otherwise, routeKey: "$default" }
      : { name: route.function, routeKey: `${method} ${route.path}` };
  };
}
