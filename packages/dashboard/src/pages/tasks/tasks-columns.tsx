import type { TaskView } from "@steward/contracts/task";
import { plural, targetsText, taskTerms, taskTitle, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import { searchedText, tookMs } from "./task-filters.ts";
import styles from "./tasks.module.css";
import { msText } from "./timeline.ts";

/** On which appliances, in few words; of many only the first are named in a list. */
export function onText({ targets, targetCount = targets.length }: TaskView): string {
  if (targetCount === 0) return "";
  return targetCount <= 3 ? targetsText(targets) : plural(targetCount, "appliance");
}

export const taskColumns: readonly Column<TaskView>[] = [
  {
    id: "what",
    header: "What",
    width: 210,
    cell: (task) => (
      <span className={styles["what"]}>
        <Said>{taskTitle(task)}</Said>
        {task.mode === "check" && task.kind === "action" && (
          <span className={styles["mark"]} title={task.previewOf === undefined ? "Changes nothing" : "A preview"}>
            <Icon name="eye" size={14} />
            <span className="heard">{task.previewOf === undefined ? " changes nothing" : " preview"}</span>
          </span>
        )}
      </span>
    ),
    text: searchedText,
  },
  {
    id: "status",
    header: "Status",
    width: 150,
    cell: (task) => <Status of={termOf(taskTerms, task.status)} />,
    text: (task) => termOf(taskTerms, task.status).text,
  },
  {
    id: "on",
    header: "On",
    width: 130,
    hideBelow: 560,
    cell: onText,
    text: (task) =>
      task.targetCount === undefined || task.targetCount <= 3 ? targetsText(task.targets) : onText(task),
  },
  {
    id: "by",
    header: "By",
    width: 95,
    hideBelow: 760,
    cell: (task) => <Said>{task.requestedBy.name}</Said>,
    text: (task) => visible(task.requestedBy.name),
  },
  {
    id: "risk",
    header: "Risk",
    width: 105,
    hideBelow: 980,
    cell: (task) => (task.plan === undefined ? "" : <RiskBadge risk={task.plan.risk} />),
    text: (task) => task.plan?.risk ?? "",
  },
  {
    id: "when",
    header: "When",
    width: 95,
    align: "end",
    hideBelow: 480,
    cell: (task) => <Moment at={task.createdAt} />,
    text: (task) => task.createdAt,
  },
  {
    id: "took",
    header: "Took",
    width: 70,
    align: "end",
    hideBelow: 1100,
    cell: (task) => {
      const ms = tookMs(task, Date.now());
      return ms === undefined ? "" : msText(ms);
    },
    text: (task) => tookMs(task, Date.now()) ?? "",
  },
  {
    id: "kind",
    header: "Kind",
    width: 90,
    optional: true,
    cell: (task) => (task.kind === "support" ? "question" : "change"),
    text: (task) => task.kind,
  },
  {
    id: "source",
    header: "Source",
    width: 100,
    optional: true,
    cell: (task) => task.source?.kind ?? "person",
    text: (task) => task.source?.kind ?? "person",
  },
  {
    id: "id",
    header: "Id",
    width: 270,
    optional: true,
    cell: (task) => <code>{task.id}</code>,
    text: (task) => task.id,
  },
  {
    id: "request",
    header: "Request",
    width: 270,
    optional: true,
    cell: (task) => <code>{visible(task.requestId ?? "")}</code>,
    text: (task) => task.requestId ?? "",
  },
];
