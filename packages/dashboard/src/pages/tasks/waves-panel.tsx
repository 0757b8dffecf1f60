import { runHasEnded } from "@steward/contracts/states";
import type { TaskView, WaveView } from "@steward/contracts/task";
import { useNavigate } from "@tanstack/react-router";
import { Person } from "../../people/person.tsx";
import { plural, runTerms, termOf, type Tone } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./waves.module.css";
import { msText, waveTimes } from "./timeline.ts";
import { budgetOf, fillingOf, rolloutNotice, type Segment, segmentsOf, waveState } from "./wave-bars.ts";

const fills: Record<Tone, string> = {
  good: "fillGood",
  bad: "fillBad",
  wait: "fillWait",
  busy: "fillBusy",
  mock: "fillMock",
  still: "fillStill",
};

/** Up to so many appliances each has a cell of its own in its wave's bar. */
const cellsUpTo = 80;

/** The waves as they fill: the first is the canary, and each goes on only when the one before it was good. */
export function WavesPanel({ task }: { task: TaskView }) {
  const { waves = [], rollout, plan } = task;
  const { ended, bad, underWay, total } = fillingOf(waves);
  const budget = plan === undefined ? undefined : budgetOf(plan, waves);
  const notice = rolloutNotice(task);
  const doing = rollout?.operation === "undo" ? "Undoing" : task.mode === "check" ? "Looking" : "Rolling out";
  const isOver = ended === total && total > 0;
  return (
    <Panel
      title={isOver ? "Rollout" : doing}
      note={
        <>
          {ended} of {plural(total, "appliance")} done
          {bad > 0 && `, ${bad} badly`}
          {underWay > 0 && `, ${underWay} under way`}
          {rollout?.round !== undefined && rollout.round > 1 && ` · round ${rollout.round}`}
          {budget !== undefined && ` · ${budget.text}`}
        </>
      }
    >
      {notice !== undefined && (
        <p className={classes(styles["notice"], styles[notice.tone])} role="status">
          <Icon name={notice.tone === "bad" ? "warn" : notice.tone === "wait" ? "pause" : "info"} />
          <span>
            <Said>{notice.text}</Said>
            {notice.why !== undefined && (
              <>
                {" "}
                “<Said>{notice.why}</Said>”
              </>
            )}
            {rollout?.paused !== undefined && (
              <span className={styles["soft"]}>
                {" "}
                {rollout.paused.by !== undefined && (
                  <>
                    by <Person id={rollout.paused.by} />,{" "}
                  </>
                )}
                <Moment at={rollout.paused.since} />
              </span>
            )}
          </span>
        </p>
      )}
      <ol className={styles["waves"]}>
        {waves.map((wave) => (
          <Wave key={wave.wave} wave={wave} task={task} />
        ))}
      </ol>
    </Panel>
  );
}

const stateWords = { "to come": "still", "under way": "busy", waits: "wait", done: "good", stopped: "bad" } as const;

function Wave({ wave, task }: { wave: WaveView; task: TaskView }) {
  const waves = task.waves ?? [];
  const state = waveState(wave, task);
  const segments = segmentsOf(wave);
  const runs = task.runs ?? [];
  // Times are told where every run of it is known.
  const own = runs.filter((run) => run.wave === wave.wave);
  const { from, to } = own.length === wave.total ? waveTimes(own, wave.wave) : {};
  const name = waves.length === 1 ? "All at once" : `Wave ${wave.wave}`;
  return (
    <li className={styles["wave"]}>
      <div className={styles["waveHead"]}>
        <h3>{name}</h3>
        {waves.length > 1 && wave.wave === 1 && <span className={styles["canary"]}>canary</span>}
        <Badge tone={segments.some(({ status }) => status === "failed") ? "bad" : stateWords[state]}>{state}</Badge>
        <span className={styles["soft"]}>
          {plural(wave.total, "appliance")}
          {from !== undefined && to !== undefined && `, took ${msText(Date.parse(to) - Date.parse(from))}`}
        </span>
      </div>
      <Bar segments={segments} total={wave.total} label={`${name}: ${state}`} />
      <Legend taskId={task.id} segments={segments} wave={waves.length === 1 ? undefined : wave.wave} />
    </li>
  );
}

function Bar({ segments, total, label }: { segments: readonly Segment[]; total: number; label: string }) {
  const told = segments.map(({ status, count }) => `${count} ${termOf(runTerms, status).text}`).join(", ");
  return (
    <div className={styles["bar"]} role="img" aria-label={`${label}; ${told}`}>
      {total <= cellsUpTo
        ? segments.flatMap(({ status, count }) =>
            Array.from({ length: count }, (_, index) => (
              <span
                key={`${status}-${index}`}
                className={classes(
                  styles["cell"],
                  styles[fills[termOf(runTerms, status).tone]],
                  !runHasEnded(status) && status !== "pending" && styles["live"],
                  status === "pending" && styles["toCome"],
                )}
              />
            )),
          )
        : segments.map(({ status, count }) => (
            <span
              key={status}
              style={{ flexGrow: count }}
              className={classes(
                styles["cell"],
                styles[fills[termOf(runTerms, status).tone]],
                !runHasEnded(status) && status !== "pending" && styles["live"],
                status === "pending" && styles["toCome"],
              )}
            />
          ))}
    </div>
  );
}

/** What the bar's colours are; each leads to its runs. */
function Legend({
  taskId,
  segments,
  wave,
}: {
  taskId: string;
  segments: readonly Segment[];
  wave: number | undefined;
}) {
  const navigate = useNavigate();
  return (
    <p className={styles["legend"]}>
      {segments.map(({ status, count }) => (
        <button
          key={status}
          type="button"
          className={styles["part"]}
          title="Show these runs"
          onClick={() =>
            void navigate({
              to: "/tasks/$taskId",
              params: { taskId },
              search: (before: object) => ({
                ...before,
                tab: "runs" as const,
                runs: status,
                run: undefined,
                ...(wave === undefined ? {} : { wave }),
              }),
              // The waves are shown where something was asked for, too: from there one comes back.
              replace: location.pathname.startsWith("/tasks/"),
            })
          }
        >
          <span
            className={classes(
              styles["swatch"],
              styles[fills[termOf(runTerms, status).tone]],
              status === "pending" && styles["toCome"],
            )}
            aria-hidden="true"
          />
          {count} {status === "pending" ? "to come" : termOf(runTerms, status).text}
        </button>
      ))}
    </p>
  );
}
