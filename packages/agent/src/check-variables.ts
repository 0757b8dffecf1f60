import { z } from "zod";

/** Keywords that `z.fromJSONSchema` enforces, and annotations, which need no enforcing. */
const enforced = new Set(
  (
    "type enum const pattern minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf " +
    "properties required additionalProperties items minItems maxItems anyOf"
  ).split(" "),
);
const annotations = new Set(["$schema", "title", "description", "default", "examples", "deprecated", "readOnly"]);

/**
 * What is wrong with an action's values under the JSON Schema that the release gives for them; empty when they fit.
 * Fails closed: a schema that says something we would not enforce, or that lets unknown variables through, is itself
 * a problem.
 */
export function variableProblems(schema: Record<string, unknown>, variables: Record<string, unknown>): string[] {
  if (schema["type"] !== "object" || schema["additionalProperties"] !== false) {
    return ["the release's schema does not say which variables there are"];
  }
  const unknown = unenforcedKeywords(schema);
  if (unknown.length > 0) return [`the release's schema uses ${unknown.join(", ")}, which this agent cannot enforce`];
  try {
    const result = z.fromJSONSchema(schema).safeParse(variables);
    if (result.success) return [];
    return result.error.issues.map((issue) => `${issue.path.join(".") || "variables"}: ${issue.message}`);
  } catch (error) {
    return [`the release's schema cannot be read: ${error instanceof Error ? error.message : String(error)}`];
  }
}

function unenforcedKeywords(schema: unknown): string[] {
  if (typeof schema === "boolean") return [];
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return ["something that is no schema"];
  const found: string[] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === "properties")
      for (const one of Object.values(value as object)) found.push(...unenforcedKeywords(one));
    else if (keyword === "items" || keyword === "additionalProperties") found.push(...unenforcedKeywords(value));
    else if (keyword === "anyOf") for (const one of value as unknown[]) found.push(...unenforcedKeywords(one));
    else if (keyword === "format") {
      // A format always comes with its pattern from our catalogue; alone, an unknown one would be ignored.
      if (!("pattern" in schema)) found.push(`format ${String(value)} without a pattern`);
    } else if (!enforced.has(keyword) && !annotations.has(keyword) && !keyword.startsWith("x-")) found.push(keyword);
  }
  return found;
}
