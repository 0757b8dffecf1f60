import type { Action } from "@steward/contracts/actions";
import { choicesKey, ruleKey } from "@steward/contracts/action-forms";
import type { ActionView } from "@steward/contracts/views";
import { z } from "zod";

/** The catalogue as callers see it, with the variables as JSON Schema. */
export function listActions(actions: readonly Action[]): ActionView[] {
  return actions.map((action) => ({
    id: action.id,
    title: action.title,
    kind: action.kind,
    variables: withHints(
      action,
      z.toJSONSchema(action.variables, { io: "input", unrepresentable: "any", override: addRule }),
    ),
    risk: action.risk,
    undo: action.undo,
    examples: action.examples,
    timeoutSeconds: action.timeoutSeconds,
  }));
}

/** No value that a pattern of the catalogue takes: what the schema says to it is what the pattern wants. */
const neverAllowed = "\u0000";

/** A pattern tells a person nothing, and JSON Schema has no place for the words beside it. */
function addRule({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: Record<string, unknown>;
}): void {
  if (jsonSchema["type"] !== "string" || typeof jsonSchema["pattern"] !== "string") return;
  const message = z
    .safeParse(zodSchema, neverAllowed)
    .error?.issues.find(({ code }) => code === "invalid_format")?.message;
  if (message?.startsWith("must ") === true) jsonSchema[ruleKey] = message;
}

function withHints(action: Action, schema: Record<string, unknown>): Record<string, unknown> {
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null) return schema;
  return {
    ...schema,
    properties: Object.fromEntries(
      Object.entries(properties as Record<string, object>).map(([name, property]) => {
        const { question, choicesFrom } = action.hints[name] ?? {};
        return [
          name,
          {
            ...property,
            ...(question === undefined ? {} : { description: question }),
            ...(choicesFrom === undefined ? {} : { [choicesKey]: choicesFrom }),
          },
        ];
      }),
    ),
  };
}
