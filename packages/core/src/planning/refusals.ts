import type { Action } from "@steward/contracts/actions";
import type { TaskResult } from "@steward/contracts/task";
import type { JobState } from "../job/job-state.ts";
import { spokenOf } from "./action-index.ts";
import { asExample, matchInstruction } from "./match-instruction.ts";
import { howToConnect } from "./connect-model.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";

const maxSuggestions = 3;
const maxTitles = 8;

/** "Nothing fits", with what could be said instead: the closest actions, else what there is at all. */
export function noActionFits(
  nearest: readonly string[],
  actions: readonly Action[],
): { message: string; next: string[] } {
  const spoken = spokenOf(actions);
  const close = nearest.flatMap((id) => actions.find((action) => action.id === id) ?? []);
  if (close.length > 0) {
    return {
      message: `This could not be understood well enough to do it. The closest is: ${titles(close)}.`,
      next: suggestions(close),
    };
  }
  return {
    message: `None of the actions does this. What can be done, among others: ${titles(oneOfEachKind(spoken))}.`,
    next: suggestions(spoken),
  };
}

/** The no to what no model is asked about, since nothing could come of its answer. */
export function noTierMay(
  { why, nearest }: Extract<Understanding, { kind: "unsure" }>,
  actions: readonly Action[],
): Extract<Understanding, { kind: "refused" }> {
  const { message, next } = noActionFits(nearest, actions);
  // Of what is none of ours anyway, that is said.
  return { kind: "refused", message: nearest.length === 0 ? message : `Nothing is done. ${why}`, next, grade: 1 };
}

/** `users.add` for all that is done with users: a list of everything is read by nobody. */
function oneOfEachKind(actions: readonly Action[]): Action[] {
  const kinds = new Map<string, Action>();
  for (const action of actions) {
    const [kind = action.id] = action.id.split(".");
    if (!kinds.has(kind)) kinds.set(kind, action);
  }
  return [...kinds.values()].slice(0, maxTitles);
}

/** Why no model could make a plan of an instruction, what each said, and what to do about it. */
export function noModelCould(
  reason: string,
  { tenantId, failures }: Pick<JobState, "tenantId" | "failures">,
  context: PlanningContext,
): TaskResult {
  const matched = matchInstruction(context);
  if (matched.kind === "refused") return { message: matched.message, next: matched.next };
  const { message, next } = noActionFits(matched.kind === "unsure" ? matched.nearest : [], context.actions);
  const tried = failures.map((failure) => `${failure.tier}: ${failure.reason}`);
  // The reason to give up is mostly the last failure's: it is told once.
  const last = failures.some((failure) => failure.reason === reason) ? [] : [reason];
  const why = [...new Set([...tried, ...last])].map((one) => one.replace(/[.\s]+$/, ""));
  return {
    message: `${message} No model could help (${why.join("; ")}).`,
    next: [...next, ...howToConnect("reads such requests", tenantId, failures)],
  };
}

function titles(actions: readonly Action[]): string {
  return actions.map((action) => lowerFirst(action.title)).join(", ");
}

function suggestions(actions: readonly Action[]): string[] {
  const perAction = Math.max(1, Math.floor(maxSuggestions / Math.max(1, actions.length)));
  return actions
    .flatMap((action) => action.examples.slice(0, perAction))
    .slice(0, maxSuggestions)
    .map((example) => `Say: ${asExample(example)}`);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
