import { errorCodes } from "@steward/contracts/errors";
import { problemSchema } from "@steward/contracts/problem";
import type { Access, Route } from "@steward/contracts/route";
import { z } from "zod";

export interface OpenApiParameter {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
  schema: Record<string, unknown>;
}
export interface OpenApiOperation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  /** Who may call, as the route declares it. */
  "x-steward-access": Access;
  parameters: OpenApiParameter[];
  requestBody?: { required: true; content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Record<string, unknown> }> }>;
}
export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: Record<string, Record<string, unknown>>;
}

/** The OpenAPI 3.1 document of a route table. Shapes are those that requests are held to: nothing is written twice. */
export function openApiOf(routes: readonly Route[], version: string): OpenApiDocument {
  const paths: OpenApiDocument["paths"] = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Steward",
      version,
      description:
        "Runs fleets of home servers from plain-language requests. Errors are RFC 9457 problem documents with a stable `code`. Unknown fields are refused.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: [
      { name: "api", description: "For people and tokens: `Authorization: Bearer`, and `Steward-Tenant`." },
      { name: "nodes", description: "For enrolled machines: mutual TLS." },
    ],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      securitySchemes: {
        session: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        certificate: { type: "mutualTLS" },
      },
    },
  };
}

function operationOf(route: Route): OpenApiOperation {
  const success =
    route.answer === undefined
      ? { description: "Done" }
      : {
          description: "Success",
          content: { [route.contentType ?? jsonType]: { schema: jsonSchema(route.answer, "output") } },
        };
  return {
    operationId: route.id,
    summary: route.summary,
    description: describeAccess(route.access),
    tags: [route.door],
    security: "open" in route.access ? [] : [route.door === "nodes" ? { certificate: [] } : { session: [] }],
    "x-steward-access": route.access,
    parameters: [
      ...parametersOf(route.params, "path"),
      ...parametersOf(route.query, "query"),
      ...("role" in route.access ? [tenantHeader] : []),
      ...(route.idempotent === true ? [idempotencyHeader] : []),
    ],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true as const, content: json(jsonSchema(route.body, "input")) } }),
    responses: {
      [route.status]: success,
      ...(route.etag === true
        ? { 304: { description: "As the caller has it: its `If-None-Match` is the ETag." } }
        : {}),
      default: {
        description: `A problem; codes: ${Object.keys(errorCodes).join(", ")}`,
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

const tenantHeader: OpenApiParameter = {
  name: "Steward-Tenant",
  in: "header",
  required: false,
  description: "The tenant that is meant; may be left out by those who have a role in one tenant only.",
  schema: { type: "string" },
};
const idempotencyHeader: OpenApiParameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "A repetition with the same key gets the same answer and does nothing again (24 h).",
  schema: { type: "string", maxLength: 200 },
};

function describeAccess(access: Access): string {
  if ("peopleOnly" in access && access.peopleOnly !== undefined) {
    const { peopleOnly, ...rest } = access;
    return `${describeAccess(rest as Access)} Not for service tokens: ${peopleOnly}.`;
  }
  if ("role" in access) return `Needs the role \`${access.role}\` in the tenant.`;
  if ("staff" in access) return `Needs the role \`${access.staff}\` in every tenant (the provider's staff).`;
  if ("signedIn" in access) return "Needs a session.";
  if ("node" in access)
    return access.node === "any" ? "For every enrolled node." : `For nodes of the kind \`${access.node}\`.`;
  if ("userCertificate" in access) return "For a person whose browser shows a certificate of its own.";
  return `Open: ${access.why}.`;
}

function parametersOf(schema: z.ZodObject | undefined, place: "path" | "query"): OpenApiParameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, "input") as {
    properties?: Record<string, Record<string, unknown>>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

const jsonType = "application/json";
function json(schema: Record<string, unknown>) {
  return { [jsonType]: { schema } };
}
