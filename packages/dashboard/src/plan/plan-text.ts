import type { ActionKind } from "@steward/contracts/actions";
import type { Plan, Provenance } from "@steward/contracts/plan";
import { type Risk, risks } from "@steward/contracts/risk";
import type { GateResult, TaskView } from "@steward/contracts/task";
import type { ActionView } from "@steward/contracts/views";
import { shareText } from "./rollout-draft.ts";

/** A value of a plan as a person reads it. Not yet made visible: whoever shows it does. */
export function valueText(value: unknown): string {
  if (value === true) return "yes";
  if (value === false) return "no";
  if (typeof value === "string") return value === "" ? "“”" : value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  return value === undefined ? "" : JSON.stringify(value);
}

/** Where a value comes from, in words; `sure` is false where nobody said it. */
export function provenanceText(provenance: Provenance | undefined): { text: string; sure: boolean } {
  switch (provenance?.source) {
    case "said":
      return { text: provenance.text === undefined ? "as you said" : `as you said: “${provenance.text}”`, sure: true };
    case "given":
      return { text: "as given", sure: true };
    case "fact":
      return { text: "from the appliance’s facts", sure: true };
    case "assumed":
      return { text: "assumed: nobody said it", sure: false };
    case undefined:
      return { text: "from nowhere known", sure: false };
  }
}

export function undoText(undo: "recorded" | "none", kind: ActionKind | undefined): string {
  if (kind === "read") return "Only reads";
  return undo === "recorded" ? "Can be undone" : "Cannot be undone";
}

/** What an action does to an appliance, in a sentence. */
export function kindText(action: Pick<ActionView, "kind" | "undo">): string {
  if (action.kind === "read") return "Only reads";
  return action.undo === "recorded"
    ? "Changes the appliance; can be undone"
    : "Acts on the appliance; cannot be undone";
}

/** From the risk that it always has to the highest that its values can make of it. */
export function riskRange(action: Pick<ActionView, "risk">): { base: Risk; top: Risk } {
  const { base, rules } = action.risk;
  const top = rules.reduce((most, rule) => Math.max(most, risks.indexOf(rule.risk)), risks.indexOf(base));
  return { base, top: risks[top] ?? base };
}

export interface Decision {
  tone: "good" | "bad" | "wait";
  /** Whose word it waits for. */
  who: string;
  /** Why, rule by rule; empty where no rule has anything against it. */
  why: string[];
}

/** They speak only where they keep a plan waiting: whoever says yes is told so, though it needs no other yes for that. */
const waitingRules = new Set(["freeze", "window"]);

/** What the gate says to a plan, in words: what it waits for, and for whom. */
export function decisionText(gate: GateResult | undefined): Decision {
  const why = (gate?.reasons ?? [])
    .filter(({ rule, decision }) => decision !== "allow" || waitingRules.has(rule))
    .map((reason) => reason.why);
  if (gate === undefined) return { tone: "wait", who: "The rules have not been asked yet.", why };
  if (gate.decision === "allow") return { tone: "good", who: "Nobody’s approval is needed.", why };
  if (gate.decision === "deny") return { tone: "bad", who: "The rules refuse this.", why };
  switch (gate.approver) {
    case "other":
      return { tone: "wait", who: "Another person with the role approver must say yes.", why };
    case "retype":
      return { tone: "wait", who: "It waits for your yes, with the name retyped.", why };
    case "break_glass":
      return { tone: "bad", who: "It is more than your organisation lets one change do: nobody’s yes is enough.", why };
    case "requester":
    case undefined:
      return { tone: "wait", who: "It waits for your yes.", why };
  }
}

/** How many appliances are in each wave, in order. */
export function waveSizes({ targets, waveOf }: Pick<Plan, "targets" | "waveOf">): number[] {
  if (waveOf === undefined) return [targets.length];
  const sizes: number[] = [];
  for (const wave of waveOf) sizes[wave - 1] = (sizes[wave - 1] ?? 0) + 1;
  return Array.from(sizes, (size) => size ?? 0);
}

/** How a plan goes over its appliances, in sentences. Empty for a single one without further wishes. */
export function rolloutTexts(plan: Pick<Plan, "targets" | "waveOf" | "rollout">): string[] {
  const { targets, rollout } = plan;
  const sizes = waveSizes(plan);
  const several = targets.length > 1;
  return [
    ...(sizes.length > 1 ? [`${sizes.length} waves of ${shortened(sizes)} appliances`] : []),
    ...(several && rollout.maxConcurrency < targets.length ? [`${rollout.maxConcurrency} at one time`] : []),
    ...(several ? [stopText(rollout.errorBudget)] : []),
    ...(rollout.pauseSeconds === undefined ? [] : [`${secondsText(rollout.pauseSeconds)} between waves`]),
    ...(rollout.confirmWaves === undefined
      ? []
      : [`waits for a word after ${rollout.confirmWaves === "first" ? "the first wave" : "each wave"}`]),
    ...(rollout.healthGate === undefined ? [] : [`${rollout.healthGate.heartbeats} good heartbeats after each wave`]),
    ...(rollout.minHealthy === undefined
      ? []
      : [`at least ${shareText(rollout.minHealthy)} of each site stays untouched`]),
    ...(rollout.undoOnFailure ? ["undone where it fails"] : []),
  ];
}

function stopText(budget: Plan["rollout"]["errorBudget"]): string {
  if (budget === undefined) return "stops when one fails";
  if ("percent" in budget && budget.percent === 100) return "goes on wherever one fails";
  return `stops when more than ${shareText(budget)} fail`;
}

function shortened(sizes: readonly number[]): string {
  const told = sizes.map(String);
  const shown = told.length <= 6 ? told : [...told.slice(0, 4), "…", told.at(-1) ?? ""];
  return shown.join(", ");
}

export function secondsText(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** What was asked for, in one line. Not yet made visible. */
export function titleOf(task: Pick<TaskView, "instruction" | "plan">): string {
  if (task.instruction !== undefined) return task.instruction;
  const titles = (task.plan?.steps ?? []).map(stepSentence);
  return titles.length === 0 ? "Steps that somebody gave" : titles.join("; ");
}

/** `Add a user: john, media` */
export function stepSentence(step: Plan["steps"][number]): string {
  const values = Object.values(step.variables).map(valueText);
  return values.length === 0 ? step.title : `${step.title}: ${values.join(", ")}`;
}

/** `bert`, `bert, ernie and 23 more`. */
export function namesText(names: readonly string[], total = names.length, shown = 3): string {
  if (total === 0) return "no appliance";
  const first = names.slice(0, shown);
  if (total > first.length) return `${first.join(", ")} and ${total - first.length} more`;
  return first.length < 2 ? (first[0] ?? "") : `${first.slice(0, -1).join(", ")} and ${first.at(-1) ?? ""}`;
}
