import { getSchedule } from "@steward/aws/records/schedule";
import { AppError } from "@steward/contracts/errors";
import type { ScheduleView } from "@steward/contracts/schedule";
import { comingDueTimes } from "@steward/core/schedule/reduce-schedule";
import type { ScheduleNote, ScheduleState } from "@steward/core/schedule/schedule-state";
import type { Context } from "./context.ts";

/** The tenant's schedule. Another tenant's, a removed and an absent one are the same `not_found`. */
export async function loadSchedule(
  deps: Pick<Context, "table">,
  tenantId: string,
  scheduleId: string,
): Promise<ScheduleState> {
  const schedule = await getSchedule(deps.table, { tenantId, scheduleId });
  if (schedule === undefined || schedule.status === "removed") {
    throw new AppError("not_found", `there is no schedule ${scheduleId}`, {
      next: "see your schedules with: steward schedule ls",
    });
  }
  return schedule;
}

const iso = (ms: number) => new Date(ms).toISOString();

/** `times`: how many of the coming due times are shown. */
export function scheduleView(schedule: ScheduleState, nowMs: number, times = 1): ScheduleView {
  const { standing, paused } = schedule;
  return {
    id: schedule.scheduleId,
    tenantId: schedule.tenantId,
    name: schedule.name,
    definition: schedule.definition,
    status: schedule.status === "paused" ? "paused" : "active",
    ...(paused === undefined
      ? {}
      : {
          paused: {
            by: paused.by,
            at: iso(paused.atMs),
            ...(paused.why === undefined ? {} : { why: paused.why }),
          },
        }),
    author: schedule.author,
    createdAt: iso(schedule.createdAtMs),
    updatedAt: iso(schedule.updatedAtMs),
    version: schedule.version,
    next: comingDueTimes(schedule, nowMs, times).map(iso),
    ...(schedule.lastTaskId === undefined ? {} : { lastTaskId: schedule.lastTaskId }),
    log: schedule.log.map(noteView),
    ...(standing === undefined
      ? {}
      : {
          standing: {
            by: standing.by,
            name: standing.name,
            at: iso(standing.atMs),
            expiresAt: iso(standing.expiresAtMs),
            standingHash: standing.standingHash,
          },
        }),
  };
}

function noteView({ dueAtMs, beforeMs, atMs, ...rest }: ScheduleNote): ScheduleView["log"][number] {
  return { dueAt: iso(dueAtMs), ...(beforeMs === undefined ? {} : { before: iso(beforeMs) }), at: iso(atMs), ...rest };
}
