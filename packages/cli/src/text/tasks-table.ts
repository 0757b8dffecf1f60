import type { TaskView } from "@steward/contracts/task";
import type { Ui } from "../ui.ts";
import { table } from "./table.ts";
import { paintTaskStatus, taskTitle } from "./task.ts";
import { relative } from "./time.ts";
import { visible } from "./visible.ts";

export function glassText(
  { name, reason, at }: NonNullable<TaskView["breakGlass"]>,
  { paint }: Ui,
  nowMs: number,
): string {
  return `${paint.bold(paint.red("⚠ Past the rules"))}  ${visible(name)} ${relative(at, nowMs)}: ${visible(reason)}`;
}

export function tasksTable(items: readonly TaskView[], ui: Ui, nowMs: number): string {
  return table(
    items,
    [
      { head: "ID", cell: (task) => task.id },
      { head: "STATUS", cell: (task) => paintTaskStatus(task.status, ui.paint) },
      { head: "WHAT", cell: taskTitle, flexible: true },
      { head: "ON", cell: (task) => targetNames(task), flexible: true },
      { head: "BY", cell: (task) => visible(task.requestedBy.name), flexible: true },
      { head: "WHEN", cell: (task) => relative(task.createdAt, nowMs) },
    ],
    ui.width,
    ui.paint,
  );
}

function targetNames(task: TaskView): string {
  const names = task.targets.map((target) => visible(target.name));
  return names.length <= 3 ? names.join(", ") : `${names.length} appliances`;
}
