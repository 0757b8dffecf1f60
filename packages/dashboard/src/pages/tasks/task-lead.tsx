import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useMe } from "../../me/use-me.ts";
import { taskTerms, termOf, visible } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import styles from "./task.module.css";
import { onText } from "./tasks-columns.tsx";

/** Where it is, how dangerous it is, and whose it is: in one line. */
export function TaskLead({ task }: { task: TaskView }) {
  const me = useMe();
  const { requestedBy, previewOf, requestId, plan, mode } = task;
  const on = onText(task);
  return (
    <div className={styles["lead"]}>
      <Status of={termOf(taskTerms, task.status)} />
      {mode === "check" && task.kind === "action" && <Badge tone="mock">changes nothing</Badge>}
      {plan !== undefined && <RiskBadge risk={plan.risk} />}
      <span>
        <Said>{requestedBy.name}</Said> · <Moment at={task.createdAt} />
        {on !== "" && ` · on ${on}`}
      </span>
      {previewOf !== undefined && (
        <Link to="/tasks/$taskId" params={{ taskId: previewOf }}>
          preview of another task
        </Link>
      )}
      {requestId !== undefined &&
        (me.may("admin") ? (
          <Link to="/audit" search={{ request: requestId }} title={`Request ${visible(requestId)}`}>
            Audit trail
          </Link>
        ) : (
          <code title="Request">{visible(requestId)}</code>
        ))}
    </div>
  );
}
