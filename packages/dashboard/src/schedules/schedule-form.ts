import { defaults } from "@steward/contracts/defaults";
import type { RolloutRequest } from "@steward/contracts/plan";
import { type ScheduleDefinition, scheduleNameSchema } from "@steward/contracts/schedule";
import { targetSelectorSchema } from "@steward/contracts/selector";
import type { FieldProblem } from "@steward/contracts/errors";
import { type Draft, draftOf, readDraft } from "../schema-form/draft.ts";
import { type Field, fieldsOf } from "../schema-form/field.ts";
import { localZone, problemOfWhen } from "./coming-times.ts";
import { cronOf, type SimpleTimes, simpleOf } from "./simple-times.ts";

export const rateUnits = ["minutes", "hours", "days", "weeks"] as const;
export type RateUnit = (typeof rateUnits)[number];

/** A schedule as somebody writes it: nothing of it has to be right yet. */
export interface ScheduleForm {
  name: string;
  clock: "times" | "rate";
  times: SimpleTimes;
  timeZone: string;
  every: string;
  unit: RateUnit;
  targets: string[];
  steps: StepForm[];
  mode: ScheduleDefinition["mode"];
  verbosity: number;
  maxTargets: number;
  latePolicy: ScheduleDefinition["late"]["policy"];
  lateMinutes: number;
  jitterSeconds: number;
  overlap: ScheduleDefinition["overlap"];
  blackout: ScheduleDefinition["blackout"];
  /** Kept as it is: what a form does not show it does not change. */
  rollout: RolloutRequest | undefined;
}

export interface StepForm {
  /** For React: a step that is moved is the same one. */
  key: string;
  action: string;
  draft: Draft;
}

/** The schemas of actions by their ids. */
export type Schemas = ReadonlyMap<string, readonly Field[]>;

export function schemasOf(actions: readonly { id: string; variables: unknown }[]): Schemas {
  return new Map(actions.map(({ id, variables }) => [id, fieldsOf(variables)]));
}

export function emptyForm(newKey: () => string): ScheduleForm {
  return {
    name: "",
    clock: "times",
    times: { kind: "daily", time: "03:00" },
    timeZone: localZone(),
    every: "6",
    unit: "hours",
    targets: [],
    steps: [{ key: newKey(), action: "", draft: {} }],
    mode: "apply",
    verbosity: 0,
    maxTargets: 100,
    latePolicy: "skip",
    lateMinutes: 60,
    jitterSeconds: 0,
    overlap: "skip",
    blackout: "hold",
    rollout: undefined,
  };
}

/** The form of what is there already. */
export function formOf(
  name: string,
  definition: ScheduleDefinition,
  schemas: Schemas,
  newKey: () => string,
): ScheduleForm {
  const { late, rollout, targets, mode, verbosity, maxTargets, jitterSeconds, overlap, blackout } = definition;
  const base = emptyForm(newKey);
  return {
    ...base,
    ...whenForm(definition.when, base.timeZone),
    name,
    targets,
    steps: stepForms(definition.steps, schemas, newKey),
    mode,
    verbosity,
    maxTargets,
    latePolicy: late.policy,
    lateMinutes: late.withinMinutes,
    jitterSeconds,
    overlap,
    blackout,
    rollout,
  };
}

export function stepForms(steps: ScheduleDefinition["steps"], schemas: Schemas, newKey: () => string): StepForm[] {
  return steps.map(({ action, variables }) => ({
    key: newKey(),
    action,
    draft: draftOf(schemas.get(action) ?? [], variables),
  }));
}

/** The part of the form that says when. */
export function whenForm(
  when: ScheduleDefinition["when"],
  timeZone: string,
): Pick<ScheduleForm, "clock" | "times" | "timeZone" | "every" | "unit"> {
  if ("rate" in when) {
    const [, count = "1", unit = "hour"] = /^every (?:(\d+) )?(minute|hour|day|week)s?$/.exec(when.rate) ?? [];
    return {
      clock: "rate",
      every: count,
      unit: `${unit}s` as RateUnit,
      timeZone,
      times: { kind: "daily", time: "03:00" },
    };
  }
  return { clock: "times", times: simpleOf(when.cron), timeZone: when.timeZone, every: "6", unit: "hours" };
}

export function whenOf(
  form: Pick<ScheduleForm, "clock" | "times" | "timeZone" | "every" | "unit">,
): ScheduleDefinition["when"] {
  if (form.clock === "rate") {
    const every = form.every.trim();
    return { rate: every === "1" ? `every ${form.unit.slice(0, -1)}` : `every ${every} ${form.unit}` };
  }
  return { cron: cronOf(form.times), timeZone: form.timeZone.trim() };
}

/** What the form says, or what keeps it from saying it. Paths are as the API names them. */
export function readForm(
  form: ScheduleForm,
  schemas: Schemas,
): { definition: ScheduleDefinition; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const need = (path: string, message: string | undefined) => {
    if (message !== undefined) problems.push({ path, message });
  };
  const name = scheduleNameSchema.safeParse(form.name);
  need("name", name.success ? undefined : form.name === "" ? "is needed" : name.error.issues[0]?.message);
  const when = whenOf(form);
  need("when", problemOfWhen(when));
  need("targets", form.targets.length === 0 ? "say on which appliances" : undefined);
  const wrong = form.targets.find((target) => !targetSelectorSchema.safeParse(target).success);
  need("targets", wrong === undefined ? undefined : `${wrong} is no appliance, no tag key:value, and not all`);
  need("steps", form.steps.length === 0 ? "say what it does" : undefined);
  const steps = form.steps.map(({ action, draft }, index) => {
    const fields = schemas.get(action);
    need(`steps.${index}.action`, fields === undefined ? "choose an action" : undefined);
    const read = readDraft(fields ?? [], draft);
    for (const { path, message } of read.problems) need(`steps.${index}.variables.${path}`, message);
    return { action, variables: read.values as ScheduleDefinition["steps"][number]["variables"] };
  });
  whole(form.maxTargets, 1, defaults.maxTargets, (message) => need("maxTargets", message));
  whole(form.lateMinutes, 5, 10_080, (message) => need("late.withinMinutes", message));
  whole(form.jitterSeconds, 0, 3_600, (message) => need("jitterSeconds", message));
  const definition: ScheduleDefinition = {
    when,
    steps,
    targets: form.targets,
    mode: form.mode,
    verbosity: form.verbosity,
    ...(form.rollout === undefined ? {} : { rollout: form.rollout }),
    maxTargets: form.maxTargets,
    late: { policy: form.latePolicy, withinMinutes: form.lateMinutes },
    jitterSeconds: form.jitterSeconds,
    overlap: form.overlap,
    blackout: form.blackout,
  };
  return { definition, problems };
}

function whole(value: number, least: number, most: number, tell: (message: string) => void): void {
  if (!Number.isInteger(value) || value < least || value > most)
    tell(`must be a whole number from ${least} to ${most}`);
}

/** `Security updates!` → `security-updates` */
export function nameFrom(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
}
