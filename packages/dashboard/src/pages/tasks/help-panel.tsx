import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { AnswerEscalation } from "./answer-escalation.tsx";
import styles from "./task.module.css";

/** That the provider was asked, and what it says. */
export function HelpPanel({ task }: { task: TaskView }) {
  const me = useMe();
  const [answering, setAnswering] = useState(false);
  const { escalation } = task;
  if (escalation === undefined) return null;
  const { name, at, note, answer } = escalation;
  return (
    <Panel
      title={answer === undefined ? "The provider is asked" : "What the provider says"}
      actions={
        me.mayStaff("operator") && (
          <Button onClick={() => setAnswering(true)}>{answer === undefined ? "Answer" : "Answer anew"}</Button>
        )
      }
    >
      <div className={styles["talk"]}>
        <p>
          <span className={styles["soft"]}>
            <Said>{name}</Said>, <Moment at={at} />
          </span>
          <br />
          {note === undefined ? "Please look at this." : <Said>{note}</Said>}
        </p>
        {answer !== undefined && (
          <p className={styles["reply"]}>
            <span className={styles["soft"]}>
              <Said>{answer.name}</Said> of the provider, <Moment at={answer.at} />
            </span>
            <br />
            <Said>{answer.note}</Said>
          </p>
        )}
      </div>
      <AnswerEscalation task={answering ? task : undefined} onClose={() => setAnswering(false)} />
    </Panel>
  );
}
