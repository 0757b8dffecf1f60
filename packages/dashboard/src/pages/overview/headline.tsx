import type { HealthCounts } from "@steward/contracts/fleet";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { FleetState } from "../../fleet/use-fleet.ts";
import { countHealth } from "../../fleet/fleet-dot.ts";
import { spanText } from "../../text.ts";
import { classes } from "../../ui/classes.ts";
import styles from "./overview.module.css";
import { waitText } from "./sums.ts";
import type { useQueues, useStats } from "./use-overview.ts";

type Tone = "good" | "bad" | "wait" | "still";

/** One number, what it is of, and where more of it is. */
function Tile({
  label,
  value,
  note,
  tone,
  to,
  search,
}: {
  label: string;
  value: ReactNode;
  note: ReactNode;
  tone: Tone;
  to: string;
  search?: object;
}) {
  return (
    <li>
      <Link to={to} search={(search ?? {}) as never} className={classes(styles["tile"], styles[tone])}>
        <span className={styles["tileLabel"]}>{label}</span>
        <span className={styles["tileValue"]}>{value}</span>
        <span className={styles["tileNote"]}>{note}</span>
      </Link>
    </li>
  );
}

/** Wrong, running, waiting, in numbers. A number that is not known is a dash: never a nought that nobody counted. */
export function Headline({
  fleet,
  stats,
  queues,
  openAlerts,
  asked,
}: {
  fleet: FleetState;
  stats: ReturnType<typeof useStats>["query"];
  queues: ReturnType<typeof useQueues>["query"];
  openAlerts: { critical: number; warning: number; more: boolean } | undefined;
  /** Of them no tenant counts those that wait for the provider. */
  asked: number;
}) {
  const counts = fleet.data === undefined ? undefined : countHealth(fleet.dots);
  const unwell = counts === undefined ? undefined : counts.critical + counts.offline + counts.warning;
  const active = stats.data?.reduce((sum, { answer }) => sum + answer.tasks.active, 0);
  const waitingFor = stats.data?.reduce((sum, { answer }) => sum + answer.tasks.waitingForMe, 0);
  const waits = waitingFor === undefined ? undefined : waitingFor + asked;
  const lanes = queues.data?.lanes;
  const queued = lanes?.reduce((sum, lane) => sum + lane.queued, 0);
  const slots = queues.data?.workers.reduce(
    (sum, worker) => ({ used: sum.used + worker.used, all: sum.all + worker.slots }),
    { used: 0, all: 0 },
  );
  const express = lanes?.find(({ lane }) => lane === "express");
  return (
    <ul className={styles["tiles"]} aria-label="In short">
      <Tile
        label="Unwell"
        value={unwell ?? "–"}
        tone={
          unwell === undefined
            ? "still"
            : unwell === 0
              ? "good"
              : (counts?.critical ?? 0) + (counts?.offline ?? 0) > 0
                ? "bad"
                : "wait"
        }
        note={counts === undefined ? " " : unwell === 0 ? `all ${fleet.dots.length} are well` : unwellText(counts)}
        to="/appliances"
      />
      <Tile
        label="Open alerts"
        value={
          openAlerts === undefined ? "–" : `${openAlerts.critical + openAlerts.warning}${openAlerts.more ? "+" : ""}`
        }
        tone={
          openAlerts === undefined
            ? "still"
            : openAlerts.critical > 0
              ? "bad"
              : openAlerts.warning > 0
                ? "wait"
                : "good"
        }
        note={
          openAlerts === undefined
            ? " "
            : openAlerts.critical + openAlerts.warning === 0
              ? "somebody looks after each"
              : `${openAlerts.critical} critical`
        }
        to="/alerts"
      />
      <Tile
        label="Waiting"
        value={waits ?? "–"}
        tone={waits === undefined ? "still" : waits > 0 ? "wait" : "good"}
        note={
          waits === undefined
            ? " "
            : waits === 0
              ? "for nobody"
              : asked > 0
                ? `${asked} ask for a person`
                : "for an answer or a yes"
        }
        to="/tasks"
      />
      <Tile
        label="Under way"
        value={active === undefined || waitingFor === undefined ? "–" : active - waitingFor}
        tone="still"
        note="tasks that think or run"
        to="/flow"
      />
      <Tile
        label="Queued for models"
        value={queued ?? "–"}
        tone={express?.expectedWait.kind === "unknown" ? "bad" : (queued ?? 0) > 20 ? "wait" : "still"}
        note={express === undefined ? " " : `express: ${waitText(express.expectedWait, spanText)}`}
        to="/workers"
      />
      <Tile
        label="Slots at work"
        value={slots === undefined ? "–" : `${slots.used} / ${slots.all}`}
        tone={slots === undefined ? "still" : slots.all === 0 ? "bad" : "still"}
        note={
          queues.data === undefined
            ? " "
            : `on ${queues.data.workers.length} ${queues.data.workers.length === 1 ? "worker" : "workers"}`
        }
        to="/workers"
      />
    </ul>
  );
}

function unwellText({ critical, offline, warning }: HealthCounts): string {
  const parts = [
    critical > 0 && `${critical} critical`,
    offline > 0 && `${offline} offline`,
    warning > 0 && (warning === 1 ? "1 warns" : `${warning} warn`),
  ];
  return parts.filter(Boolean).join(", ");
}
