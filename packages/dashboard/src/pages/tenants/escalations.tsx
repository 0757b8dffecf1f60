import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTerms, taskTitle, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { AnswerEscalation } from "../tasks/answer-escalation.tsx";
import styles from "./tenants.module.css";

/** Requests of all tenants that somebody handed to the provider's staff: who has waited longest comes first. */
export function Escalations({ asked }: { asked: ApiPages<TaskView> }) {
  const me = useMe();
  const [answering, setAnswering] = useState<TaskView>();
  return (
    <Panel title="They ask for a person" note="Who has waited longest comes first." flush>
      <Loaded
        query={asked}
        rows={4}
        empty={(items) => items.length === 0}
        emptyState={
          <Empty title="Nobody waits for you">
            <p>
              Where a request fails, is refused or needs an answer, a customer presses “Ask my provider”. It is listed
              here until somebody answers. On a terminal:
            </p>
            <Copy text="steward tasks escalate --list" label="Copy the command" />
          </Empty>
        }
      >
        {(items) => (
          <>
            <ul className={styles["asked"]}>
              {items.map((task) => (
                <li key={task.id}>
                  <div className={styles["askedWords"]}>
                    <Link to="/tasks/$taskId" params={{ taskId: task.id }} search={{ tenant: task.tenantId }}>
                      <bdi>{taskTitle(task)}</bdi>
                    </Link>
                    {task.escalation?.note === undefined ? null : (
                      <blockquote>
                        <Said>{task.escalation.note}</Said>
                      </blockquote>
                    )}
                    <p className={styles["soft"]}>
                      <Said>{task.escalation?.name ?? task.requestedBy.name}</Said> of{" "}
                      <Said>{me.tenants.find(({ id }) => id === task.tenantId)?.name ?? task.tenantId}</Said>,{" "}
                      <Moment at={task.escalation?.at} />
                    </p>
                  </div>
                  <Status of={termOf(taskTerms, task.status)} />
                  {me.mayStaff("operator") ? <Button onClick={() => setAnswering(task)}>Answer</Button> : null}
                </li>
              ))}
            </ul>
            {asked.hasMore ? (
              <p className={styles["more"]}>
                <Button busy={asked.isFetching} onClick={asked.loadMore}>
                  More
                </Button>
              </p>
            ) : null}
          </>
        )}
      </Loaded>
      <AnswerEscalation task={answering} onClose={() => setAnswering(undefined)} />
    </Panel>
  );
}
