import type { NodeView } from "@steward/contracts/node";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { waitRoutes } from "@steward/contracts/routes/wait";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useApi, useChange } from "../../../api/use-api.ts";
import { taskTerms, termOf } from "../../../text.ts";
import { Status } from "../../../ui/badge.tsx";
import { Button } from "../../../ui/button.tsx";
import styles from "./one.module.css";

/** The smallest task there is, and how long it took: through the whole of the house and back. */
export function Ping({ node }: { node: NodeView }) {
  const [taskId, setTaskId] = useState<string>();
  const submit = useChange(taskRoutes.submitTask, {
    refreshes: [taskRoutes.listTasks, taskRoutes.listNodeRuns],
    onDone: ({ id }) => setTaskId(id),
  });
  const task = useApi(
    waitRoutes.getTask,
    { params: { taskId: taskId ?? "" } },
    { enabled: taskId !== undefined, every: taskId === undefined ? "once" : "watched" },
  );
  const current = taskId === undefined ? undefined : task.data;
  const isOver = current !== undefined && taskHasEnded(current.status);
  const start = () => {
    setTaskId(undefined);
    void submit.run({ body: { steps: [{ action: "system.ping", variables: {} }], targets: [node.id] } });
  };
  return (
    <span className={styles["ping"]}>
      {taskId !== undefined && (
        <span role="status">
          {current === undefined ? (
            "Called…"
          ) : (
            <>
              <Status of={termOf(taskTerms, current.status)} />{" "}
              <Link to="/tasks/$taskId" params={{ taskId }}>
                {isOver ? answerText(current) : "waiting for it"}
              </Link>
            </>
          )}
        </span>
      )}
      <Button icon="alerts" busy={submit.isRunning || (taskId !== undefined && !isOver)} onClick={start}>
        Ping
      </Button>
    </span>
  );
}

function answerText({ status, createdAt, runs = [], updatedAt }: TaskView): string {
  if (status !== "succeeded" && status !== "simulated") return "no answer";
  const ms = Date.parse(runs[0]?.endedAt ?? updatedAt) - Date.parse(createdAt);
  return `answered after ${ms < 10_000 ? (ms / 1000).toFixed(1) : Math.round(ms / 1000)} s`;
}
