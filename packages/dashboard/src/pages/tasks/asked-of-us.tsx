import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTerms, taskTitle, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { AnswerEscalation } from "./answer-escalation.tsx";
import styles from "./tasks.module.css";

/** For the provider's staff: tasks of all tenants that somebody was asked to look at, the longest first. */
export function AskedOfUs() {
  const me = useMe();
  const asked = useApiPages(taskRoutes.listEscalations, { query: { limit: 20 } }, { every: "background" });
  const [answering, setAnswering] = useState<TaskView>();
  if (asked.error !== null && asked.data === undefined) return <Problem error={asked.error} onRetry={asked.refetch} />;
  if (asked.items.length === 0) return null;
  const nameOf = (tenantId: string) => me.tenants.find(({ id }) => id === tenantId)?.name ?? tenantId;
  return (
    <Panel title="Asked of the provider" note="Of all tenants; who waits longest comes first." flush>
      <ul className={styles["waiting"]}>
        {asked.items.map((task) => (
          <li key={task.id} className={styles["askedRow"]}>
            <Link
              to="/tasks/$taskId"
              params={{ taskId: task.id }}
              search={{ tenant: task.tenantId } as never}
              className={styles["waitingLink"]}
            >
              <Status of={termOf(taskTerms, task.status)} />
              <span className={styles["waitingWords"]}>
                <strong>
                  <Said>{taskTitle(task)}</Said>
                </strong>
                <span className={styles["soft"]}>
                  {visible(nameOf(task.tenantId))} · <Said>{task.escalation?.name}</Said> ·{" "}
                  <Moment at={task.escalation?.at} />
                  {task.escalation?.note !== undefined && (
                    <>
                      : “<Said>{task.escalation.note}</Said>”
                    </>
                  )}
                </span>
              </span>
            </Link>
            {me.mayStaff("operator") && <Button onClick={() => setAnswering(task)}>Answer</Button>}
          </li>
        ))}
      </ul>
      {asked.hasMore && (
        <p className={styles["more"]}>
          <Button tone="quiet" onClick={asked.loadMore} busy={asked.isFetching}>
            More
          </Button>
        </p>
      )}
      <AnswerEscalation task={answering} onClose={() => setAnswering(undefined)} />
    </Panel>
  );
}
