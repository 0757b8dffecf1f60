import type { z } from "zod";
import type { factsSchema } from "./facts.ts";
import type { RiskRules } from "./risk.ts";

export const actionKinds = ["state", "read", "command"] as const;
export type ActionKind = (typeof actionKinds)[number];

/** A variable's value in a plan. Lists are of strings; there are no nested objects. */
export type VariableValue = string | number | boolean | string[];
export type Variables = Record<string, VariableValue>;

/** What an appliance says of itself. Data, never instructions. */
export type Facts = z.infer<typeof factsSchema>;

/**
 * How the matcher finds a variable's value in plain words. `examples` of an action use `{variable}` for its slot;
 * the slot's shape comes from the schema. `question` is asked when a required value is missing.
 */
export interface VariableHint {
  question: string;
  /** Facts that hold existing identifiers of this kind: offered as choices, and grounding for `fact` provenance. */
  choicesFrom?: "users" | "groups" | "shares" | "services" | "domains" | "mailDomains" | "mailboxes" | "certificates";
  /** A `state` that works on what is there: whoever names something else is asked, not obeyed. Other kinds always are. */
  mustExist?: boolean;
  /** For a yes or no: phrases that turn it on, besides its own name. The longer ones first. */
  flagWords?: string[];
  /** What a number counts: people may say it in other units ("2 GB", "6 weeks"). */
  unit?: "megabytes" | "days" | "seconds";
  /** `secret` variables hold a reference to Secrets Manager, never a value. */
  secret?: boolean;
}

/** An entry of the catalogue: the only thing that a plan may use. Made by `defineAction` in the catalogue package. */
export interface Action {
  /** `users.add` */
  id: string;
  title: string;
  kind: ActionKind;
  /** File name below `playbooks/`, without the extension. */
  playbook: string;
  /** A strict zod object. Every value is held to it, whoever proposed it. */
  variables: z.ZodObject;
  hints: Record<string, VariableHint>;
  /**
   * Looks at the values, as data (judged by `riskOf` in the gate and again on the appliance): an ssh key or the group
   * `sudo` makes a user `high`. A `command` without undo is at least `medium`.
   */
  risk: RiskRules;
  /**
   * Only explicit steps may name it: it is offered to no tier of planning, so that no words of anybody's lead to it.
   * Default: no.
   */
  byNameOnly?: boolean;
  /** Sentences with `{variable}` slots, for the matcher and as examples in model prompts. */
  examples: string[];
  /** Other words for what the action does: the matcher finds the action by words outside its examples. */
  words: string[];
  /** Actions that must have been run before on the appliance, such as `samba.server.setup`; checked against facts. */
  requires: string[];
  /** Fills a value that nobody named. Shown as *assumed*. */
  defaults: (facts: Facts, variables: Variables) => Variables;
  /** `recorded`: the playbook records the state before the change and its `undo` tag restores it. `none`: cannot be undone. */
  undo: "recorded" | "none";
  timeoutSeconds: number;
  /**
   * What of a read's result is looked at where many appliances answer: who has the same `text` stands together, the highest
   * `rank` first. Without it results that are the very same do. Undefined for a result of another shape.
   */
  glance?: (result: unknown) => { text: string; rank?: number } | undefined;
  /**
   * Names of secrets that the agent makes for the playbook (`secrets.password`) and stores for the run before the step.
   * Who asked, or whom they named, gets each one that the playbook says it used, once.
   */
  generates?: string[];
}
