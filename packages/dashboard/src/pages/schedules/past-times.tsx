import type { ScheduleView } from "@steward/contracts/schedule";
import { Link } from "@tanstack/react-router";
import { dueText, zoneOf } from "../../schedules/coming-times.ts";
import { outcomeSaid } from "../../schedules/schedule-state.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./schedules.module.css";

export function PastTimes({ schedule: { log, definition } }: { schedule: ScheduleView }) {
  const zone = zoneOf(definition.when);
  return (
    <Panel title="What became of its times" flush>
      {log.length === 0 ? (
        <Empty title="It was not due yet">Each due time stands here with what became of it, and with its task.</Empty>
      ) : (
        <ul className={styles["log"]}>
          {log.map((note) => {
            const { text, tone } = outcomeSaid(note.outcome);
            return (
              <li key={`${note.dueAt} ${note.at}`} className={styles["noteLine"]}>
                <span className={styles["logDue"]}>
                  {dueText(Date.parse(note.dueAt), zone)}
                  {note.before !== undefined && ` to ${dueText(Date.parse(note.before), zone)}`}
                </span>
                <Badge tone={tone}>{text}</Badge>
                {note.why !== undefined && (
                  <span className={styles["soft"]}>
                    <Said>{note.why}</Said>
                  </span>
                )}
                {note.taskId !== undefined && (
                  <Link to="/tasks/$taskId" params={{ taskId: note.taskId }}>
                    Its task
                  </Link>
                )}
                <span className={styles["soft"]}>
                  <Moment at={note.at} />
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}
