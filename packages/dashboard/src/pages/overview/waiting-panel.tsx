import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMe } from "../../me/use-me.ts";
import { plural, targetsText, taskTerms, taskTitle, termOf } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { LinkButton } from "../../ui/button.tsx";
import { classes } from "../../ui/classes.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./overview.module.css";
import type { Tasks } from "./use-overview.ts";

const mostShown = 6;

/** What goes on only when a person has said something: a yes, an answer, or a word of the provider's staff. */
export function WaitingPanel({ waiting, asked }: { waiting: Tasks; asked: readonly TaskView[] }) {
  return (
    <Panel
      flush
      title="Waits for somebody"
      note={waiting.data === undefined ? " " : plural(waiting.data.length + asked.length, "task")}
      actions={
        <LinkButton tone="quiet" to="/tasks">
          All tasks
        </LinkButton>
      }
    >
      <Loaded
        query={waiting}
        rows={4}
        empty={(tasks) => tasks.length + asked.length === 0}
        emptyState={
          <Empty title="Nothing waits">
            A plan that needs a yes, a question, or a customer who asks for a person would be here.
          </Empty>
        }
      >
        {(tasks) => (
          <>
            <ul className={classes(styles["rows"], styles["tall"])}>
              {asked.slice(0, Math.max(mostShown - tasks.length, mostShown / 2)).map((task) => (
                <Waiting
                  key={`asked-${task.id}`}
                  task={task}
                  note={task.escalation?.note}
                  label={<Badge tone="bad">asks for a person</Badge>}
                />
              ))}
              {tasks.slice(0, Math.max(mostShown - asked.length, mostShown / 2)).map((task) => (
                <Waiting
                  key={task.id}
                  task={task}
                  note={task.question?.text}
                  label={<Status of={termOf(taskTerms, task.status)} />}
                />
              ))}
            </ul>
            {tasks.length + asked.length > mostShown ? (
              <p className={styles["more"]}>
                <Link to="/tasks" search={{ status: "waiting" } as never}>
                  {tasks.length + asked.length - mostShown} more
                </Link>
              </p>
            ) : null}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Waiting({ task, label, note }: { task: TaskView; label: ReactNode; note: string | undefined }) {
  const { tenantId, tenants } = useMe();
  const risk = task.plan?.steps.length === undefined ? undefined : task.gate?.approver;
  return (
    <li>
      {label}
      <span className={styles["who"]}>
        <Link to="/tasks/$taskId" params={{ taskId: task.id }} search={{ tenant: task.tenantId } as never}>
          <Said>{taskTitle(task)}</Said>
        </Link>
        {note === undefined ? null : (
          <span className={styles["clamp"]}>
            <Said>{note}</Said>
          </span>
        )}
        <span className={styles["soft"]}>
          <Said>{task.requestedBy.name}</Said> <Moment at={task.createdAt} />
          {task.targets.length === 0 ? null : `, ${targetsText(task.targets)}`}
          {risk === "other" ? ", needs another person's yes" : null}
          {task.expiresAt === undefined ? null : (
            <>
              , ends <Moment at={task.expiresAt} />
            </>
          )}
          {tenantId === undefined ? (
            <>
              {" · "}
              <Said>{tenants.find(({ id }) => id === task.tenantId)?.name ?? task.tenantId}</Said>
            </>
          ) : null}
        </span>
      </span>
    </li>
  );
}
