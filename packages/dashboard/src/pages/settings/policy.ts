import { type Risk, risks } from "@steward/contracts/risk";
import type { SourceKind } from "./source-words.ts";
import { sourceWords } from "./source-words.ts";
import { momentsOf, type Spans, utcText } from "@steward/contracts/spans";
import {
  defaultCanaryFrom,
  defaultCanaryPercent,
  type ForbidRule,
  type TenantPolicy,
  type TenantPolicyView,
  tenantPolicySchema,
} from "@steward/contracts/tenant-policy";

/** The rules themselves, as `steward policy set` takes them too. */
export function contentOf(view: TenantPolicyView | TenantPolicy): TenantPolicy {
  const { revision: _revision, updatedAt: _at, updatedBy: _by, ...content } = view as TenantPolicyView;
  return content;
}

export type ParsedPolicy = { policy: TenantPolicy } | { problem: string };

/** A policy that somebody has pasted: as it is set, or as `steward policy show --json` has printed it. */
export function parsePolicy(text: string): ParsedPolicy {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `This is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const given = typeof value === "object" && value !== null && "revision" in value ? contentOf(value as never) : value;
  const parsed = tenantPolicySchema.safeParse(given);
  if (parsed.success) return { policy: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return { problem: `${where}${issue?.message ?? "is no policy"}` };
}

/** When a rule holds, or a window is open. */
export function spansText(spans: Spans): string {
  if ("from" in spans) {
    const { fromMs, untilMs } = momentsOf(spans);
    return `from ${utcText(fromMs)} until ${utcText(untilMs)}`;
  }
  return `for ${minutesText(spans.durationMinutes)} from each ${spans.cron} (${spans.timeZone})`;
}

export function minutesText(minutes: number): string {
  const days = minutes / 1440;
  if (minutes >= 1440 && Number.isInteger(days)) return days === 1 ? "a day" : `${days} days`;
  if (minutes >= 60 && minutes % 60 === 0) return minutes === 60 ? "an hour" : `${minutes / 60} hours`;
  return minutes === 1 ? "a minute" : `${minutes} minutes`;
}

/** One rule as a sentence. What people have written into it is theirs: whoever shows it makes it harmless. */
export function ruleText(rule: ForbidRule): string {
  const values = Object.entries(rule.variables ?? {}).map(([name, pattern]) => `${name} is ${pattern}`);
  const parts = [
    rule.action === "*" ? "any action" : rule.action,
    values.length === 0 ? "" : `where ${values.join(" and ")}`,
    rule.tags === undefined ? "" : `on machines tagged ${rule.tags.join(" or ")}`,
    rule.sources === undefined
      ? ""
      : `asked for by ${rule.sources.map((one) => sourceWords[one as SourceKind]).join(" or ")}`,
    rule.during === undefined ? "" : spansText(rule.during),
  ];
  const what = parts.filter((part) => part !== "").join(" ");
  return rule.effect === "forbid" ? `Refuses ${what}` : `Wants a second person for ${what}`;
}

/** Whether a change lets more happen than before. */
export type Direction = "stricter" | "looser" | "neither";
export interface PolicyChange {
  text: string;
  direction: Direction;
}

interface NumberField {
  field: "previewMinutes" | "maxBlastPercent" | "canaryFrom" | "maxCanaryPercent" | "outputDays";
  /** What holds where nothing is set. */
  own: number;
  text: (value: number | undefined) => string;
  /** The smaller the stricter; kept outputs forbid nothing. */
  counts: boolean;
}

const numberFields: readonly NumberField[] = [
  {
    field: "previewMinutes",
    own: Number.POSITIVE_INFINITY,
    text: (value) =>
      value === undefined ? "No preview is wanted any more" : `A yes takes a preview of the last ${minutesText(value)}`,
    counts: true,
  },
  {
    field: "maxBlastPercent",
    own: 100,
    text: (value) => `One change may reach ${value ?? 100}% of the appliances`,
    counts: true,
  },
  {
    field: "canaryFrom",
    own: defaultCanaryFrom,
    text: (value) => `Changes begin with a canary from ${value ?? defaultCanaryFrom} appliances on`,
    counts: true,
  },
  {
    field: "maxCanaryPercent",
    own: defaultCanaryPercent,
    text: (value) => `A canary is at most ${value ?? defaultCanaryPercent}% of the targets`,
    counts: true,
  },
  {
    field: "outputDays",
    own: Number.POSITIVE_INFINITY,
    text: (value) =>
      value === undefined
        ? "Outputs are kept as long as the installation keeps them"
        : `Outputs are kept for ${minutesText(value * 1440)}`,
    counts: false,
  },
];

/** What saving would change, in words: what somebody should read before saying yes to it. */
export function policyChanges(before: TenantPolicy, after: TenantPolicy): PolicyChange[] {
  return [
    ...ruleChanges(before.forbid, after.forbid),
    ...twoPersonChange(before.twoPersonFrom, after.twoPersonFrom),
    ...numberFields.flatMap(({ field, own, text, counts }): PolicyChange[] => {
      const [from, to] = [before[field], after[field]];
      if (from === to) return [];
      const difference = (to ?? own) - (from ?? own);
      // Both infinite: nothing but the word for the default has changed.
      const isSame = difference === 0 || Number.isNaN(difference);
      return [{ text: text(to), direction: !counts || isSame ? "neither" : difference < 0 ? "stricter" : "looser" }];
    }),
    ...shellChanges(before.shell?.commands, after.shell?.commands),
  ];
}

/** Rules have no names: one that differs in anything is another one. */
function ruleChanges(before: readonly ForbidRule[], after: readonly ForbidRule[]): PolicyChange[] {
  const had = new Set(before.map(identity));
  const has = new Set(after.map(identity));
  return [
    ...after
      .filter((rule) => !had.has(identity(rule)))
      .map((rule): PolicyChange => ({ text: `New rule: ${ruleText(rule)}`, direction: "stricter" })),
    ...before
      .filter((rule) => !has.has(identity(rule)))
      .map((rule): PolicyChange => ({ text: `Rule taken away: ${ruleText(rule)}`, direction: "looser" })),
  ];
}

function identity(rule: ForbidRule): string {
  return JSON.stringify(sorted(rule));
}

/** Key order and absent keys are no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}

function twoPersonChange(from: Risk | undefined, to: Risk | undefined): PolicyChange[] {
  if (from === to) return [];
  const difference = risks.indexOf(to ?? "high") - risks.indexOf(from ?? "high");
  return [
    {
      text: `Another person approves from ${to ?? "high"} risk on`,
      direction: difference === 0 ? "neither" : difference < 0 ? "stricter" : "looser",
    },
  ];
}

function shellChanges(before: readonly string[] | undefined, after: readonly string[] | undefined): PolicyChange[] {
  const [had, has] = [new Set(before), new Set(after)];
  return [
    ...[...has]
      .filter((one) => !had.has(one))
      .map((one): PolicyChange => ({ text: `May be run: ${one}`, direction: "looser" })),
    ...[...had]
      .filter((one) => !has.has(one))
      .map((one): PolicyChange => ({ text: `May not be run any more: ${one}`, direction: "stricter" })),
  ];
}
