import { runHasEnded, taskHasEnded, type TaskStatus } from "@steward/contracts/states";
import type { RunView } from "@steward/contracts/run";
import type { TaskView, TierUse } from "@steward/contracts/task";
import { plural, runTerms, taskTerms, termOf, type Tone } from "../../text.ts";
import { segmentsOf } from "./wave-bars.ts";

/** One thing that happened to a task, or is happening. Texts of people and models are shown through `Said`. */
export interface Happening {
  id: string;
  /** Absent: it is not told when. */
  at?: string;
  title: string;
  tone: Tone;
  /** What somebody or something said about it. */
  said?: string;
  /** Facts beside it, short. */
  facts?: string[];
  /** It is going on now. */
  isNow?: boolean;
}

const sources: Record<string, string> = {
  token: "with a service token",
  schedule: "by a schedule",
  git: "from the repository",
  alert: "because of an alert",
  model: "from a model's proposal",
};

export const tierNames: Record<string, string> = { matcher: "Matcher", ollama: "Model on a worker", claude: "Claude" };

/** What became of a task, in its order: how it was asked for, understood, judged, approved, rolled out, and ended. */
export function happeningsOf(task: TaskView, known?: ReadonlyMap<string, string>): Happening[] {
  return [
    asked(task),
    ...understood(task),
    ...planned(task),
    ...decided(task, namesOf(task, known)),
    ...rolledOut(task),
    ...ended(task),
    ...said(task),
  ];
}

function asked({ createdAt, requestedBy, source, previewOf }: TaskView): Happening {
  const how = source === undefined ? undefined : sources[source.kind];
  return {
    id: "asked",
    at: createdAt,
    title: previewOf === undefined ? "Asked for" : "Preview asked for",
    tone: "still",
    said: requestedBy.name,
    ...(how === undefined ? {} : { facts: [how] }),
  };
}

export function tierFacts(use: TierUse): string[] {
  const facts: string[] = [];
  if (use.attempts > 1) facts.push(`${use.attempts} tries`);
  facts.push(msText(use.latencyMs));
  const tokens = (use.promptTokens ?? 0) + (use.completionTokens ?? 0);
  if (tokens > 0) facts.push(`${tokens} tokens`);
  if (use.costUsd !== undefined) facts.push(costText(use.costUsd));
  return facts;
}

export function costText(costUsd: number): string {
  return `$${costUsd.toFixed(4)}`;
}

function understood({ planning, status }: TaskView): Happening[] {
  const uses = planning?.tiers ?? [];
  const list: Happening[] = uses.map((use, index) => ({
    id: `tier-${index}`,
    title: `${tierNames[use.tier] ?? use.tier}${use.fellShort === undefined ? "" : " fell short"}`,
    tone: use.fellShort === undefined ? "good" : "wait",
    facts: [...(use.model === undefined ? [] : [use.model]), ...tierFacts(use)],
    ...(use.fellShort === undefined ? {} : { said: use.fellShort }),
  }));
  if (uses.length === 0 && planning !== undefined) {
    list.push({
      id: "tier",
      title: tierNames[planning.tier] ?? planning.tier,
      tone: "good",
      facts: [...(planning.model === undefined ? [] : [planning.model]), msText(planning.latencyMs)],
    });
  }
  if (status === "queued" || status === "thinking")
    list.push({
      id: "thinking",
      title: status === "queued" ? "Waits to be understood" : "A model thinks about it",
      tone: "busy",
      isNow: true,
    });
  return list;
}

function planned({ plan, planning, question, gate }: TaskView): Happening[] {
  const list: Happening[] = [];
  if (question !== undefined)
    list.push({ id: "question", title: "Asked back", tone: "wait", said: question.text, isNow: true });
  if (plan === undefined) return list;
  const grade = planning?.grade;
  list.push({
    id: "planned",
    title: `Planned: ${plural(plan.steps.length, "step")}`,
    tone: "good",
    facts: [`${plan.risk} risk`, ...(grade === undefined ? [] : [`graded ${Math.round(grade * 100)} of 100`])],
  });
  if (gate !== undefined) list.push({ id: "gate", ...verdicts[gate.decision] });
  return list;
}

const verdicts = {
  allow: { title: "The rules let it run", tone: "good" },
  needs_approval: { title: "The rules want a yes", tone: "wait" },
  deny: { title: "The rules refused it", tone: "bad" },
} as const;

/** Names that are known, and those that the task itself tells beside ids. */
function namesOf({ requestedBy, feedback = [], escalation }: TaskView, known?: ReadonlyMap<string, string>) {
  const names = new Map([...(known ?? []), ...feedback.map(({ by, name }) => [by, name] as const)]);
  if (escalation !== undefined) names.set(escalation.by, escalation.name);
  names.set(requestedBy.id, requestedBy.name);
  return names;
}

function decided({ status, approval, breakGlass }: TaskView, names: ReadonlyMap<string, string>): Happening[] {
  if (breakGlass !== undefined)
    return [
      {
        id: "glass",
        at: breakGlass.at,
        title: `Past the rules, by ${breakGlass.name}`,
        tone: "bad",
        said: breakGlass.reason,
      },
    ];
  if (approval !== undefined)
    return [
      {
        id: "approved",
        at: approval.at,
        title: "Approved",
        tone: "good",
        said: names.get(approval.by) ?? approval.by,
      },
    ];
  if (status !== "awaiting_approval") return [];
  return [{ id: "approval", title: "Waits for a yes", tone: "wait", isNow: true }];
}

/** When the wave's runs began and ended, as far as they are known. */
export function waveTimes(runs: readonly RunView[], wave: number): { from?: string; to?: string } {
  const own = runs.filter((run) => run.wave === wave);
  const starts = own.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt]));
  const from = starts.toSorted()[0];
  if (from === undefined) return {};
  const isOver = own.every((run) => runHasEnded(run.status));
  const to = own
    .flatMap(({ endedAt }) => (endedAt === undefined ? [] : [endedAt]))
    .toSorted()
    .at(-1);
  return { from, ...(isOver && to !== undefined ? { to } : {}) };
}

function rolledOut({ waves = [], runs = [], rollout, status }: TaskView): Happening[] {
  const list: Happening[] = [];
  const known = waves.reduce((sum, wave) => sum + wave.total, 0) === runs.length ? runs : [];
  for (const wave of waves) {
    const segments = segmentsOf(wave);
    if (segments.every(({ status: one }) => one === "pending")) continue;
    const { from, to } = waveTimes(known, wave.wave);
    const isOver = segments.every((one) => runHasEnded(one.status));
    const bad = segments.some((one) => one.status === "failed" || one.status === "expired");
    list.push({
      id: `wave-${wave.wave}`,
      ...(from === undefined ? {} : { at: from }),
      title: `${rollout?.operation === "undo" ? "Undone in w" : "W"}ave ${wave.wave}${waves.length > 1 && wave.wave === 1 ? ", the canary" : ""}`,
      tone: bad ? "bad" : isOver ? "good" : "busy",
      facts: [
        ...segments.map(({ status: one, count }) => `${count} ${termOf(runTerms, one).text}`),
        ...(from === undefined || to === undefined ? [] : [msText(Date.parse(to) - Date.parse(from))]),
      ],
      ...(isOver || taskHasEnded(status) ? {} : { isNow: true }),
    });
  }
  if (rollout?.paused !== undefined) {
    const { since, reason, afterWave } = rollout.paused;
    const title = afterWave === undefined ? "Paused" : `Waits for a word after wave ${afterWave}`;
    list.push({
      id: "paused",
      at: since,
      title,
      tone: "wait",
      isNow: true,
      ...(reason === undefined ? {} : { said: reason }),
    });
  }
  if (rollout?.stopped !== undefined)
    list.push({
      id: "stopped",
      title: `Stopped in wave ${rollout.stopped.wave}`,
      tone: "bad",
      said: rollout.stopped.why,
    });
  return list;
}

function ended({ status, updatedAt, result, escalation, feedback = [] }: TaskView): Happening[] {
  if (!taskHasEnded(status)) return [];
  const { text, tone } = termOf<TaskStatus>(taskTerms, status);
  // Whatever was said later changed the task later: then its end is not told.
  const isLast = [...feedback, ...(escalation === undefined ? [] : [escalation])].every(({ at }) => at < updatedAt);
  return [
    {
      id: "ended",
      ...(isLast ? { at: updatedAt } : {}),
      title: `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`,
      tone,
      ...(result === undefined ? {} : { said: result.message }),
    },
  ];
}

function said({ escalation, feedback = [] }: TaskView): Happening[] {
  const list: Happening[] = [];
  if (escalation !== undefined) {
    const { at, name, note, answer } = escalation;
    list.push({
      id: "escalated",
      at,
      title: `The provider was asked by ${name}`,
      tone: "wait",
      ...(note === undefined ? {} : { said: note }),
      ...(answer === undefined ? { isNow: true } : {}),
    });
    if (answer !== undefined)
      list.push({
        id: "answered",
        at: answer.at,
        title: `Answered by ${answer.name} of the provider`,
        tone: "good",
        said: answer.note,
      });
  }
  for (const [index, { at, name, verdict, note }] of feedback.entries())
    list.push({
      id: `feedback-${index}`,
      at,
      title: `${name} says it is ${verdict}`,
      tone: verdict === "right" ? "good" : "wait",
      ...(note === undefined ? {} : { said: note }),
    });
  return list;
}

/** `850 ms`, `2.1 s`, `12 s`, `5 min`, `3 h`. */
export function msText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}
