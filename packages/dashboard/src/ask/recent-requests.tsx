import { taskRoutes } from "@steward/contracts/routes/tasks";
import { Link } from "@tanstack/react-router";
import { useApi } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { titleOf } from "../plan/plan-text.ts";
import { Badge } from "../ui/badge.tsx";
import { Moment } from "../ui/moment.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { plainStatus } from "./phase.ts";
import { toneOf } from "./plain-tone.ts";
import styles from "./requests.module.css";

/** What one asked for last: to look at it again, or to go on with what waits. */
export function RecentRequests() {
  const { principal } = useMe();
  const { data } = useApi(taskRoutes.listTasks, { query: { limit: 25 } }, { every: "background" });
  const mine = (data?.items ?? [])
    .filter((task) => task.requestedBy.id === principal.id && task.previewOf === undefined)
    .slice(0, 6);
  if (mine.length === 0) return null;
  return (
    <Panel title="What you asked for last" flush className={styles["narrow"]}>
      <ul className={styles["list"]}>
        {mine.map((task) => (
          <li key={task.id}>
            <Link to="/ask" search={{ task: task.id }} className={styles["row"]}>
              <span className={styles["title"]}>
                <Said>{titleOf(task)}</Said>
              </span>
              <Badge tone={toneOf(task)}>{plainStatus(task, principal.id)}</Badge>
              <span className={styles["when"]}>
                <Moment at={task.createdAt} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
