import { queueRoutes } from "@steward/contracts/routes/queues";
import type { QueueStatus } from "@steward/contracts/queues";
import type { TaskView } from "@steward/contracts/task";
import { useApi } from "../../api/use-api.ts";
import { spanText } from "../../text.ts";
import { Progress } from "../../ui/meter.tsx";
import { useNow } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import styles from "./task.module.css";

/** Nobody wonders about a wait that is shorter. */
const tellAfterMs = 4_000;

/** While words become a plan or an answer: how long already, and what it waits for where that takes more than a moment. */
export function ThinkingPanel({ task }: { task: TaskView }) {
  const now = useNow();
  const sinceMs = now - Date.parse(task.createdAt);
  const queues = useApi(queueRoutes.queueStatus, {}, { enabled: sinceMs > tellAfterMs });
  const wait = queues.data === undefined ? undefined : waitWords(queues.data, task.id);
  return (
    <Panel title={task.kind === "support" ? "Looking for an answer" : "Understanding what was asked for"}>
      <div className={styles["thinking"]}>
        <Progress label="Thinking" />
        <p className={styles["soft"]} role="status">
          {wait ?? (task.growing === undefined ? "A model reads the request." : "A model writes the answer.")}{" "}
          {sinceMs > tellAfterMs && `For ${spanText(Math.max(0, sinceMs / 1000))} now.`}
        </p>
      </div>
    </Panel>
  );
}

/** Why a model has not begun. */
export function waitWords({ jobs, lanes }: QueueStatus, taskId: string): string | undefined {
  const job = jobs.find((one) => one.taskId === taskId);
  if (job === undefined) return undefined;
  if (job.status !== "queued") return job.tier === "claude" ? "Claude works on it." : "A worker works on it.";
  if (job.tier !== "ollama") return "It waits for Claude.";
  if (job.heldBack) return "It waits behind your own requests.";
  const wait = lanes.find(({ lane }) => lane === job.lane)?.expectedWait;
  const expected = wait?.kind === "expected" ? `; what comes now waits about ${spanText(wait.seconds)}` : "";
  return `It waits for a worker in the lane ${job.lane}${expected}.`;
}
