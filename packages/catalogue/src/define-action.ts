import type { Action, Facts, Variables } from "@steward/contracts/actions";
import { generatedNameSchema } from "@steward/contracts/run-secret";
import { z } from "zod";

/** What an author of an action writes; what is left out gets the quiet value: nothing required, nothing assumed. */
export interface ActionDefinition extends Omit<Action, "hints" | "words" | "requires" | "defaults"> {
  hints?: Action["hints"];
  words?: string[];
  requires?: string[];
  defaults?: (facts: Facts, variables: Variables) => Variables;
}

const idPattern = /^[a-z]+(\.[a-z]+){1,2}$/;
const playbookPattern = /^[a-z]+(_[a-z]+)*$/;
/** A slot of an example: `{username}`. */
export const slotPattern = /\{([a-zA-Z]+)\}/g;

/**
 * Makes a catalogue entry and holds it to the rules that every consumer relies on. A mistake is thrown when the
 * module loads, so that it cannot reach a release.
 */
export function defineAction(definition: ActionDefinition): Action {
  const action: Action = {
    ...definition,
    hints: definition.hints ?? {},
    words: definition.words ?? [],
    requires: definition.requires ?? [],
    defaults: definition.defaults ?? (() => ({})),
  };
  const problems = problemsOf(action);
  if (problems.length > 0) throw new Error(`The action ${action.id} is not well defined: ${problems.join("; ")}`);
  return action;
}

function problemsOf(action: Action): string[] {
  const problems: string[] = [];
  const names = Object.keys(action.variables.shape);
  if (!idPattern.test(action.id)) problems.push("its id is not like `users.add`");
  if (!playbookPattern.test(action.playbook)) problems.push("its playbook's name is not like `users_add`");
  if (action.kind === "state" && action.undo !== "recorded") problems.push("a `state` action needs a recorded undo");
  if (action.kind === "read" && action.undo !== "none") problems.push("a `read` has nothing to undo");
  if (!Number.isInteger(action.timeoutSeconds) || action.timeoutSeconds < 5 || action.timeoutSeconds > 3600) {
    problems.push("its timeout is not between 5 s and an hour");
  }
  for (const name of action.generates ?? []) {
    if (!generatedNameSchema.safeParse(name).success) problems.push(`${name} is no name of a secret`);
  }
  if (action.kind === "read" && action.generates !== undefined) problems.push("a `read` makes no secrets");
  if (action.byNameOnly === true) {
    if (action.examples.length > 0) problems.push("nobody may ask for it in words, but it has examples");
  } else if (action.examples.length < 6) problems.push("it has fewer than six examples");
  if (action.kind === "command" && action.undo === "none" && action.risk.base === "low") {
    problems.push("what cannot be undone is at least `medium`");
  }
  if (action.kind === "read" && action.risk.base !== "low") problems.push("a `read` is `low`");
  for (const rule of action.risk.rules) {
    if (!names.includes(rule.variable)) problems.push(`its risk looks at ${rule.variable}, which is no variable`);
    if (rule.pattern !== undefined && !/^\^.*\$$/.test(rule.pattern)) problems.push(`${rule.pattern} is not anchored`);
  }
  for (const example of action.examples) {
    for (const [, slot] of example.matchAll(slotPattern)) {
      if (slot !== undefined && !names.includes(slot))
        problems.push(`the example "${example}" has no variable ${slot}`);
    }
  }
  for (const name of names) {
    const type = action.hints[name]?.flagWords === undefined ? undefined : typeOf(action, name);
    if (type !== undefined && type !== "boolean")
      problems.push(`${name} is no yes or no, but has words that turn it on`);
    if (action.hints[name] === undefined) problems.push(`the variable ${name} has no hint`);
  }
  for (const name of Object.keys(action.hints)) {
    if (!names.includes(name)) problems.push(`the hint ${name} has no variable`);
  }
  return problems;
}

function typeOf(action: Action, name: string): unknown {
  const schema = z.toJSONSchema(action.variables, { io: "input", unrepresentable: "any" });
  const property = schema.properties?.[name];
  return typeof property === "object" ? property.type : undefined;
}
