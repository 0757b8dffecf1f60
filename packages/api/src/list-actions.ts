import type { Action } from "@steward/contracts/actions";
import type { ActionView } from "@steward/contracts/views";
import { z } from "zod";

/** The catalogue as callers see it, with the variables as JSON Schema. */
export function listActions(actions: readonly Action[]): ActionView[] {
  return actions.map((action) => ({
    id: action.id,
    title: action.title,
    kind: action.kind,
    variables: z.toJSONSchema(action.variables, { io: "input", unrepresentable: "any" }),
    risk: action.risk,
    undo: action.undo,
    examples: action.examples,
    timeoutSeconds: action.timeoutSeconds,
  }));
}
