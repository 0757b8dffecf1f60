import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type ApiPages, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTerms, taskTitle, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Empty } from "../../ui/empty.tsx";
import { TextAreaField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
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
                    <Link
                      to="/tasks/$taskId"
                      params={{ taskId: task.id }}
                      search={(before) => ({ ...before, tenant: task.tenantId })}
                    >
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
      {answering === undefined ? null : (
        <AnswerDialog key={answering.id} task={answering} onClose={() => setAnswering(undefined)} />
      )}
    </Panel>
  );
}

function AnswerDialog({ task, onClose }: { task: TaskView; onClose: () => void }) {
  const [note, setNote] = useState("");
  const answer = useChange(taskRoutes.answerEscalation, {
    refreshes: [taskRoutes.listEscalations],
    says: "Answered. It stands at the request.",
    quiet: true,
  });
  const submit = async () => {
    const params = { tenantId: task.tenantId, taskId: task.id };
    if ((await answer.run({ params, body: { note: note.trim() } })) !== undefined) onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title="Answer"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={answer.isRunning} disabled={note.trim() === ""} onClick={() => void submit()}>
            Answer
          </Button>
        </>
      }
    >
      <div className={styles["form"]}>
        <p className={styles["quoted"]}>
          <bdi>{taskTitle(task)}</bdi>
        </p>
        <TextAreaField
          label="What came of it"
          value={note}
          onChange={setNote}
          rows={5}
          autoFocus
          hint="Stands at the request, with your name. Plain words; at most 2,000 characters."
          error={note.trim().length > 2_000 ? "is too long" : undefined}
        />
        <FieldProblems error={answer.error} />
      </div>
    </Dialog>
  );
}
