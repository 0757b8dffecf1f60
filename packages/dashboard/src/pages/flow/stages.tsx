import type { Flow } from "@steward/contracts/fleet";
import type { TaskView } from "@steward/contracts/task";
import { taskHasEnded, type TaskStatus } from "@steward/contracts/states";
import { Link } from "@tanstack/react-router";
import { useSamples } from "../../api/samples.ts";
import { spanText, taskTerms, termOf } from "../../text.ts";
import { Icon } from "../../ui/icon.tsx";
import { useNow } from "../../ui/moment.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import styles from "./flow.module.css";
import { useFlowSamples } from "./use-recent.ts";

const words: Record<string, string> = {
  queued: "has just come",
  thinking: "a model is at it",
  needs_input: "wants an answer",
  awaiting_approval: "wants a yes",
  running: "on the appliances",
  cancelling: "is being stopped",
};

/** The stages in their order, with how many are there now, and which has been there longest. */
export function Stages({ flow, recent }: { flow: Flow; recent: readonly TaskView[] }) {
  const nowMs = useNow();
  const { values } = useSamples(useFlowSamples());
  return (
    <ol className={styles["stages"]}>
      {flow.stages.map(({ stage, count, more }, place) => {
        const { text, tone } = termOf(taskTerms, stage as TaskStatus);
        const here = recent.filter(({ status }) => status === stage).map(({ updatedAt }) => Date.parse(updatedAt));
        const oldest = here.length === 0 ? undefined : Math.max(0, nowMs - Math.min(...here)) / 1000;
        return (
          <li key={stage} className={styles["stage"]} data-tone={count === 0 ? undefined : tone}>
            <span className={styles["stageHead"]}>
              <Link to="/tasks" search={{ status: stage } as never}>
                {text}
              </Link>
              {place < flow.stages.length - 1 ? <Icon name="right" /> : null}
            </span>
            <span className={styles["stageCount"]}>
              {count}
              {more ? "+" : ""}
              <Sparkline
                label={`${text}, over time`}
                values={(values[stage] ?? []).slice(-40)}
                width={56}
                height={20}
                tone={tone}
              />
            </span>
            <span className={styles["soft"]}>
              {oldest === undefined ? words[stage] : `longest ${spanText(oldest)}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** Those that are on their way, the one that has not moved for longest first. */
export function onTheWay(tasks: readonly TaskView[]): TaskView[] {
  return tasks
    .filter(({ status }) => !taskHasEnded(status))
    .sort((a, b) => Date.parse(a.updatedAt) - Date.parse(b.updatedAt));
}
