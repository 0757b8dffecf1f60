import type { TaskView } from "@steward/contracts/task";
import { useMemo } from "react";
import { useNames } from "../../people/person.tsx";
import { visible } from "../../text.ts";
import { classes } from "../../ui/classes.ts";
import { Facts } from "../../ui/facts.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";
import { costText, happeningsOf } from "./timeline.ts";

/** What happened, from its beginning; and by what it is found elsewhere. */
export function TimelinePanel({ task }: { task: TaskView }) {
  const names = useNames();
  const happenings = useMemo(() => happeningsOf(task, names), [task, names]);
  const { planning, requestId, plan } = task;
  return (
    <Panel title="What happened">
      <ol className={styles["timeline"]}>
        {happenings.map(({ id, at, title, tone, said, facts = [], isNow = false }) => (
          <li key={id} className={classes(styles["happening"], styles[tone], isNow && styles["now"])}>
            <span className={styles["happeningHead"]}>
              <strong>
                <Said>{title}</Said>
              </strong>
              {at !== undefined && (
                <span className={styles["soft"]}>
                  <Moment at={at} />
                </span>
              )}
              {isNow && at === undefined && <span className={styles["soft"]}>now</span>}
            </span>
            {said !== undefined && (
              <span className={styles["happeningSaid"]}>
                <Said>{said}</Said>
              </span>
            )}
            {facts.length > 0 && <span className={styles["soft"]}>{facts.map(visible).join(" · ")}</span>}
          </li>
        ))}
      </ol>
      <details className={styles["details"]}>
        <summary>Ids and hashes</summary>
        <Facts
          items={[
            ["Task", <Copy key="id" text={task.id} />],
            requestId !== undefined && ["Request", <Copy key="request" text={requestId} />],
            plan !== undefined && ["Plan hash", <Copy key="hash" text={plan.planHash} />],
            plan !== undefined && ["Release", String(plan.releaseVersion)],
            planning?.costUsd !== undefined && ["Models cost", costText(planning.costUsd)],
            ["Terminal", <Copy key="cli" text={`steward tasks show ${task.id}`} />],
          ]}
        />
      </details>
    </Panel>
  );
}
