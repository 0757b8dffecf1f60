import type { Access, Door } from "@steward/contracts/route";
import type { JsonSchema } from "../../support/json-schema.ts";
import { fill, type Optional, type Source } from "./fill-schema.ts";

/** One route, as `/openapi.json` tells of it. */
export interface Operation {
  id: string;
  method: string;
  path: string;
  door: Door;
  access: Access;
  params: Record<string, JsonSchema>;
  query: Record<string, JsonSchema>;
  headers: string[];
  body: JsonSchema | undefined;
}

interface Document {
  paths: Record<string, Record<string, DocumentOperation>>;
}
interface DocumentOperation {
  operationId: string;
  tags: string[];
  "x-steward-access": Access;
  parameters: { name: string; in: "path" | "query" | "header"; schema: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}

export function operationsOf(document: unknown): Operation[] {
  return Object.entries((document as Document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const of = (place: string) =>
        Object.fromEntries(
          operation.parameters.filter((one) => one.in === place).map(({ name, schema }) => [name, schema]),
        );
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        door: operation.tags[0] === "nodes" ? "nodes" : "api",
        access: operation["x-steward-access"],
        params: of("path"),
        query: of("query"),
        headers: Object.keys(of("header")),
        body: operation.requestBody?.content["application/json"]?.schema,
      };
    }),
  );
}

/** A request with everything filled in. */
export interface Ask {
  operation: Operation;
  params: Record<string, unknown>;
  query: Record<string, unknown>;
  body: unknown;
  headers: Record<string, string>;
}

/** Which of the optional fields a request has: nobody says which of them go together, so each way is tried. */
export interface Shape {
  query: Optional;
  body: Optional;
}

export function shapesOf(operation: Operation): Shape[] {
  const of = (names: string[], required: readonly string[]): Optional[] => {
    const optional = names.filter((name) => !required.includes(name));
    return optional.length === 0 ? ["all"] : ["all", "none", ...optional.map((only) => ({ only }))];
  };
  const { body } = operation;
  const bodies = of(Object.keys(body?.properties ?? {}), body?.required ?? []);
  // Cursors are cases of their own.
  const queries = of(
    Object.keys(operation.query).filter((name) => name !== "cursor"),
    [],
  );
  return [
    ...bodies.map((one): Shape => ({ query: queries[0] ?? "all", body: one })),
    ...queries.slice(1).map((query): Shape => ({ query, body: bodies[0] ?? "all" })),
  ];
}

/** The request with everything in it from one tenant. Throws `Unfillable`, which says what to teach. */
export function askOf(operation: Operation, source: Source, shape: Shape): Ask {
  const filledFrom = (schemas: Record<string, JsonSchema>, optional: Optional) =>
    Object.fromEntries(
      Object.entries(schemas)
        .filter(([name]) => optional === "all" || (typeof optional === "object" && optional.only === name))
        .map(([name, schema]) => [name, fill(schema, source, [name])]),
    );
  const { cursor: _, ...query } = operation.query;
  return {
    operation,
    params: filledFrom(operation.params, "all"),
    query: filledFrom(query, shape.query),
    body: operation.body === undefined ? undefined : fill(operation.body, source, [], shape.body),
    headers: {},
  };
}

export function pathOf({ operation, params, query }: Ask): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return search.size === 0 ? path : `${path}?${search}`;
}

/** One text inside a request. */
export interface Slot {
  part: "params" | "query" | "body";
  path: string[];
  value: string;
}

/** Every text of a request. */
export function textsIn(ask: Ask): Slot[] {
  const found: Slot[] = [];
  const walk = (part: Slot["part"], value: unknown, path: string[]) => {
    if (typeof value === "string") found.push({ part, path, value });
    else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) walk(part, inner, [...path, name]);
    }
  };
  for (const part of ["params", "query", "body"] as const) walk(part, ask[part], []);
  return found;
}

/** The same request with other texts. */
export function withTexts(ask: Ask, changes: readonly { slot: Slot; value: string }[]): Ask {
  const changed = structuredClone({ params: ask.params, query: ask.query, body: ask.body });
  for (const { slot, value } of changes) {
    let at = changed[slot.part] as Record<string, unknown>;
    for (const name of slot.path.slice(0, -1)) at = at[name] as Record<string, unknown>;
    at[slot.path.at(-1) ?? ""] = value;
  }
  return { ...ask, ...changed };
}
