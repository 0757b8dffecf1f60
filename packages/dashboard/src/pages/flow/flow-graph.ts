import { taskHasEnded, type TaskStatus } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { taskTerms, termOf, type Tone } from "../../text.ts";

/** The columns of the diagram: what came, who understood it, what the gate said, what became of it. */
export const columnTitles = ["Asked", "Understood by", "The gate", "Became"] as const;

export interface Station {
  id: string;
  column: number;
  title: string;
  tone: Tone;
  count: number;
}
export interface Way {
  from: string;
  to: string;
  tone: Tone;
  count: number;
}
export interface FlowGraph {
  stations: Station[];
  ways: Way[];
}

type Task = Pick<TaskView, "kind" | "status" | "instruction" | "planning" | "gate" | "approval" | "plan" | "answer">;

const terms: Record<string, { title: string; tone: Tone }> = {
  "asked:question": { title: "Questions", tone: "mock" },
  "asked:wish": { title: "Wishes in words", tone: "busy" },
  "asked:steps": { title: "Named actions", tone: "still" },
  "by:matcher": { title: "The matcher", tone: "good" },
  "by:ollama": { title: "Own models", tone: "good" },
  "by:claude": { title: "Claude", tone: "mock" },
  "by:given": { title: "Given as steps", tone: "still" },
  "by:nobody": { title: "Nobody", tone: "bad" },
  "by:yet": { title: "Not yet", tone: "busy" },
  "gate:allowed": { title: "Allowed", tone: "good" },
  "gate:approved": { title: "Approved", tone: "good" },
  "gate:waits": { title: "Wants a yes", tone: "wait" },
  "gate:refused": { title: "Refused", tone: "bad" },
  "gate:none": { title: "Not asked", tone: "still" },
};

/** The four stations of one request. */
export function stationsOf(task: Task): [string, string, string, string] {
  return [`asked:${askedAs(task)}`, `by:${understoodBy(task)}`, `gate:${gateOf(task)}`, `outcome:${task.status}`];
}

function askedAs({ kind, instruction }: Task): "question" | "wish" | "steps" {
  if (kind === "support") return "question";
  return instruction === undefined ? "steps" : "wish";
}

function understoodBy(task: Task): "matcher" | "ollama" | "claude" | "given" | "nobody" | "yet" {
  const { kind, instruction, planning, plan, answer, status } = task;
  if (kind === "action" && instruction === undefined) return "given";
  // A question that nobody could answer has an answer too: the nearest passages.
  const understood = plan !== undefined || (answer !== undefined && status !== "failed");
  // A model's answer that fell short is no understanding: who was good enough comes last.
  const good = planning?.tiers?.findLast(({ fellShort }) => fellShort === undefined)?.tier;
  if (good !== undefined && (understood || !taskHasEnded(status))) return good;
  if (understood) return planning?.tiers === undefined ? (planning?.tier ?? "matcher") : "matcher";
  return taskHasEnded(status) ? "nobody" : "yet";
}

function gateOf({ gate, approval, status }: Task): "allowed" | "approved" | "waits" | "refused" | "none" {
  if (approval !== undefined) return "approved";
  if (gate === undefined) return "none";
  if (gate.decision === "deny") return "refused";
  // A plan that nobody said yes to: it waits, or it was rejected, or its time was over.
  if (gate.decision === "needs_approval" || status === "awaiting_approval") return "waits";
  return "allowed";
}

/** All requests as one diagram: as many go into a station as come out of it. */
export function graphOf(tasks: readonly Task[]): FlowGraph {
  const stations = new Map<string, Station>();
  const ways = new Map<string, Way>();
  for (const task of tasks) {
    const path = stationsOf(task);
    path.forEach((id, column) => {
      const known = stations.get(id) ?? { id, column, count: 0, ...titleOf(id) };
      stations.set(id, { ...known, count: known.count + 1 });
      const to = path[column + 1];
      if (to === undefined) return;
      const key = `${id}>${to}`;
      const way = ways.get(key) ?? { from: id, to, tone: titleOf(path[3]).tone, count: 0 };
      ways.set(key, { ...way, tone: titleOf(to).tone, count: way.count + 1 });
    });
  }
  const order = Object.keys(terms);
  const statuses = Object.keys(taskTerms);
  const placeOf = ({ id }: Station) =>
    id.startsWith("outcome:") ? statuses.indexOf(id.slice("outcome:".length)) : order.indexOf(id);
  return {
    stations: [...stations.values()].sort((a, b) => a.column - b.column || placeOf(a) - placeOf(b)),
    ways: [...ways.values()],
  };
}

export function titleOf(id: string): { title: string; tone: Tone } {
  const known = terms[id];
  if (known !== undefined) return known;
  const { text, tone } = termOf(taskTerms, id.replace(/^outcome:/, "") as TaskStatus);
  return { title: text.charAt(0).toUpperCase() + text.slice(1), tone };
}

/** Whether a request has been at a station, or gone a way (`from>to`). */
export function wentBy(task: Task, at: string): boolean {
  const path = stationsOf(task);
  return at.split(">").every((id) => path.includes(id));
}
