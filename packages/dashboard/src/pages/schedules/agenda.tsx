import type { ScheduleView } from "@steward/contracts/schedule";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { byDay, clockText, localZone, zoneOf } from "../../schedules/coming-times.ts";
import { agenda } from "../../schedules/schedule-state.ts";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./schedules.module.css";

const shown = 20;

/** The next due times of several schedules, by day: on this person's own clocks, and beside it on the schedule's. */
export function Agenda({ schedules, single = false }: { schedules: readonly ScheduleView[]; single?: boolean }) {
  const [here] = useState(localZone);
  const due = agenda(schedules, shown);
  const only = schedules[0];
  const zone = single && only !== undefined ? zoneOf(only.definition.when) : here;
  if (due.length === 0)
    return <p className={styles["note"]}>Nothing is due: what is paused rests until it is resumed.</p>;
  const days = byDay([...new Set(due.map(({ atMs }) => atMs))], zone);
  return (
    <ol className={styles["agenda"]}>
      {days.map(({ day, times }) => (
        <li key={day}>
          <h3 className={styles["day"]}>{day}</h3>
          <ul>
            {due
              .filter(({ atMs }) => times.includes(atMs))
              .map(({ atMs, schedule }) => (
                <li key={`${schedule.id} ${atMs}`} className={styles["due"]}>
                  <span className={styles["clock"]}>{clockText(atMs, zone)}</span>
                  {single ? (
                    <OnOwnClocks atMs={atMs} zone={zone} here={here} />
                  ) : (
                    <span className={styles["dueName"]}>
                      <Link to="/schedules/$scheduleId" params={{ scheduleId: schedule.id }}>
                        {schedule.name}
                      </Link>{" "}
                      <span className={styles["soft"]}>
                        <Said>{schedule.definition.targets.join(", ")}</Said>
                      </span>
                    </span>
                  )}
                  <span className={styles["soft"]}>
                    <Moment at={new Date(atMs).toISOString()} />
                  </span>
                </li>
              ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

function OnOwnClocks({ atMs, zone, here }: { atMs: number; zone: string; here: string }) {
  return <span className={styles["soft"]}>{here === zone ? "" : `for you ${clockText(atMs, here)}`}</span>;
}
