import { waitRoutes } from "@steward/contracts/routes/wait";
import { type RunStatus, runStatuses } from "@steward/contracts/states";
import type { TaskView, WaveView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useAcross } from "../../api/use-across.ts";
import { useMe } from "../../me/use-me.ts";
import { runTerms, targetsText, taskTerms, taskTitle, termOf } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { LinkButton } from "../../ui/button.tsx";
import { classes } from "../../ui/classes.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./overview.module.css";
import { progressOf } from "./sums.ts";
import type { Tasks } from "./use-overview.ts";

/** Each is asked for by itself, with its waves: no more of them than one looks at. */
const mostShown = 5;

export function RunningPanel({ running }: { running: Tasks }) {
  return (
    <Panel
      flush
      title="Rolling out"
      note={
        running.data === undefined
          ? " "
          : running.data.length > mostShown
            ? `the newest ${mostShown} of ${running.data.length}`
            : "wave by wave"
      }
      actions={
        <LinkButton tone="quiet" to="/tasks" search={{ status: "running" } as never}>
          All
        </LinkButton>
      }
    >
      <Loaded
        query={running}
        rows={4}
        empty={(tasks) => tasks.length === 0}
        emptyState={
          <Empty title="Nothing is rolling out">
            A change that was approved would be here, wave by wave, until it has ended.
          </Empty>
        }
      >
        {(tasks) => (
          <ul className={classes(styles["rows"], styles["tall"])}>
            {tasks.slice(-mostShown).map((task) => (
              <Running key={task.id} task={task} />
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

function Running({ task }: { task: TaskView }) {
  const { tenantId, tenants } = useMe();
  const asked = useAcross(
    waitRoutes.getTask,
    { params: { taskId: task.id }, query: { view: "brief" } },
    { tenantIds: [task.tenantId] },
  );
  const seen = asked.data?.[0]?.answer ?? task;
  const { rollout, waves = [] } = seen;
  const { total, ended, failed } = progressOf(waves);
  return (
    <li>
      <Status of={rollout?.status === "paused" ? { text: "paused", tone: "wait" } : termOf(taskTerms, seen.status)} />
      <span className={styles["who"]}>
        <Link to="/tasks/$taskId" params={{ taskId: task.id }} search={{ tenant: task.tenantId } as never}>
          <Said>{taskTitle(task)}</Said>
        </Link>
        <span className={styles["waves"]}>
          {waves.map((wave) => (
            <Wave key={wave.wave} wave={wave} all={waves.length} />
          ))}
        </span>
        {rollout?.stopped === undefined && rollout?.hold === undefined && rollout?.paused === undefined ? null : (
          <span className={styles["clamp"]}>
            {rollout.stopped !== undefined ? <Badge tone="bad">stopped</Badge> : null}{" "}
            <Said>
              {rollout.stopped?.why ?? rollout.hold ?? rollout.paused?.reason ?? "It waits for somebody's word."}
            </Said>
          </span>
        )}
        <span className={styles["soft"]}>
          {total === 0
            ? targetsText(task.targets)
            : `${ended} of ${total} done${failed === 0 ? "" : `, ${failed} failed`}`}
          , <Said>{task.requestedBy.name}</Said> <Moment at={task.createdAt} />
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

/** One wave as a bar that fills: its parts are its runs by how they are. */
function Wave({ wave, all }: { wave: WaveView; all: number }) {
  const parts = runStatuses.flatMap((status) => {
    const count = wave.counts[status];
    return count === undefined || count === 0 ? [] : [{ status, count }];
  });
  const words = parts.map(({ status, count }) => `${count} ${termOf(runTerms, status).text}`).join(", ");
  const label = `${wave.wave === 1 && all > 1 ? "Canary" : `Wave ${wave.wave}`}: ${words === "" ? "waits" : words}`;
  return (
    <span
      className={styles["wave"]}
      style={{ flexGrow: Math.max(1, Math.sqrt(wave.total)) }}
      role="img"
      aria-label={label}
      title={label}
    >
      {parts
        .filter(({ status }) => status !== "pending")
        .map(({ status, count }) => (
          <span
            key={status}
            className={classes(styles["part"], styles[toneOf(status)])}
            style={{ width: `${(count / Math.max(1, wave.total)) * 100}%` }}
          />
        ))}
    </span>
  );
}

function toneOf(status: RunStatus): string {
  const { tone } = termOf(runTerms, status);
  return `fill${tone.slice(0, 1).toUpperCase()}${tone.slice(1)}`;
}
