import type { Spans } from "@steward/contracts/spans";
import { type ForbidRule, forbidRuleSchema } from "@steward/contracts/tenant-policy";
import type { SourceKind } from "./source-words.ts";

/** A rule as it is typed. */
export interface RuleDraft {
  action: string;
  effect: ForbidRule["effect"];
  why: string;
  variables: { name: string; pattern: string }[];
  /** Apart by commas or spaces. */
  tags: string;
  sources: SourceKind[];
  when: "always" | "again" | "once";
  cron: string;
  timeZone: string;
  hours: number | undefined;
  /** As `datetime-local` has them: this browser's clocks. */
  from: string;
  until: string;
}

export function emptyDraft(timeZone: string): RuleDraft {
  return {
    action: "",
    effect: "forbid",
    why: "",
    variables: [],
    tags: "",
    sources: [],
    when: "always",
    cron: "0 8 * * MON-FRI",
    timeZone,
    hours: 10,
    from: "",
    until: "",
  };
}

export function draftOfRule(rule: ForbidRule, timeZone: string): RuleDraft {
  const { during } = rule;
  const draft: RuleDraft = {
    ...emptyDraft(timeZone),
    action: rule.action,
    effect: rule.effect,
    why: rule.why,
    variables: Object.entries(rule.variables ?? {}).map(([name, pattern]) => ({ name, pattern })),
    tags: (rule.tags ?? []).join(", "),
    sources: [...(rule.sources ?? [])],
  };
  if (during === undefined) return draft;
  if ("from" in during) return { ...draft, when: "once", from: localText(during.from), until: localText(during.until) };
  const { cron, timeZone: zone, durationMinutes } = during;
  return { ...draft, when: "again", cron, timeZone: zone, hours: durationMinutes / 60 };
}

export type ReadRule = { rule: ForbidRule } | { problems: { path: string; message: string }[] };

/** The rule that was typed, or what is wrong with it, by the names of the API's fields. */
export function ruleOf(draft: RuleDraft): ReadRule {
  const tags = draft.tags.split(/[\s,]+/).filter((tag) => tag !== "");
  const variables = draft.variables.filter(({ name, pattern }) => name.trim() !== "" || pattern !== "");
  const during = spansOf(draft);
  const parsed = forbidRuleSchema.safeParse({
    action: draft.action.trim(),
    effect: draft.effect,
    why: draft.why,
    ...(variables.length === 0
      ? {}
      : { variables: Object.fromEntries(variables.map(({ name, pattern }) => [name.trim(), pattern])) }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(draft.sources.length === 0 ? {} : { sources: draft.sources }),
    ...(during === undefined ? {} : { during }),
  });
  if (parsed.success) return { rule: parsed.data };
  return {
    problems: parsed.error.issues.map(({ path, message }) => ({ path: path.join(".") || "during", message })),
  };
}

function spansOf({ when, cron, timeZone, hours, from, until }: RuleDraft): Spans | undefined {
  switch (when) {
    case "always":
      return undefined;
    case "again":
      return { cron: cron.trim(), timeZone: timeZone.trim(), durationMinutes: Math.round((hours ?? Number.NaN) * 60) };
    case "once":
      return { from: isoOf(from), until: isoOf(until) };
  }
}

/** What is no time stays as it is: the schema says so. */
export function isoOf(local: string): string {
  const ms = Date.parse(local);
  return Number.isNaN(ms) ? local : new Date(ms).toISOString();
}

/** `2027-01-04T07:00`, by this browser's clocks. */
export function localText(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Whether a text fits a pattern in which `*` is any text: as the gate reads it. */
export function fits(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
