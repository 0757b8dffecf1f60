import type { ScheduleView } from "@steward/contracts/schedule";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { byDay, clockText, dueText, localZone, zoneOf } from "../../schedules/coming-times.ts";
import { agenda, comingOf } from "../../schedules/schedule-state.ts";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./schedules.module.css";

const shown = 20;

/** The next due times of all schedules, by day, on this person's own clocks. */
export function Agenda({ schedules }: { schedules: readonly ScheduleView[] }) {
  const [here] = useState(localZone);
  const due = agenda(schedules, shown);
  if (due.length === 0) return <Nothing />;
  const days = byDay([...new Set(due.map(({ atMs }) => atMs))], here);
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
                  <span className={styles["clock"]}>{clockText(atMs, here)}</span>
                  <span className={styles["dueName"]}>
                    <Link to="/schedules/$scheduleId" params={{ scheduleId: schedule.id }}>
                      {schedule.name}
                    </Link>{" "}
                    <span className={styles["soft"]}>
                      <Said>{schedule.definition.targets.join(", ")}</Said>
                    </span>
                  </span>
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

/** Those of one, on its own clocks, and on this person's where they show something else. */
export function DueTimes({ schedule }: { schedule: ScheduleView }) {
  const [here] = useState(localZone);
  const zone = zoneOf(schedule.definition.when);
  const due = comingOf(schedule, shown);
  if (due.length === 0) return <Nothing />;
  return (
    <ol>
      {due.map((atMs) => (
        <li key={atMs} className={styles["dueOne"]}>
          <span>
            <span className={styles["clock"]}>{dueText(atMs, zone)}</span>{" "}
            {here !== zone && <span className={styles["soft"]}>for you {clockText(atMs, here)}</span>}
          </span>
          <span className={styles["soft"]}>
            <Moment at={new Date(atMs).toISOString()} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function Nothing() {
  return <p className={styles["note"]}>Nothing is due: what is paused rests until it is resumed.</p>;
}
