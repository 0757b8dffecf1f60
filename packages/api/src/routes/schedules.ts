import { scheduleRoutes as routes } from "@steward/contracts/routes/schedules";
import { readSchedule } from "@steward/control/read-schedule";
import * as schedules from "@steward/control/schedules";
import { bind } from "../bind.ts";

export const scheduleBindings = [
  bind(routes.createSchedule, (deps, { caller, body, repeatable }) =>
    schedules.createSchedule(deps, caller, body, repeatable),
  ),
  bind(routes.readSchedule, (deps, { caller, body }) => readSchedule(deps, caller, body)),
  bind(routes.listSchedules, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { items, after } = await schedules.listSchedules(deps, caller, {
      limit: query.limit,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.getSchedule, (deps, { caller, params, query }) => schedules.getSchedule(deps, caller, params, query)),
  bind(routes.putSchedule, (deps, { caller, params, body }) => schedules.putSchedule(deps, caller, params, body)),
  bind(routes.deleteSchedule, (deps, { caller, params }) => schedules.removeSchedule(deps, caller, params)),
  bind(routes.pauseSchedule, (deps, { caller, params, body }) => schedules.pauseSchedule(deps, caller, params, body)),
  bind(routes.resumeSchedule, (deps, { caller, params }) => schedules.resumeSchedule(deps, caller, params)),
  bind(routes.runScheduleNow, (deps, { caller, params, repeatable }) =>
    schedules.runScheduleNow(deps, caller, params, repeatable),
  ),
  bind(routes.revokeScheduleApproval, (deps, { caller, params }) =>
    schedules.revokeScheduleApproval(deps, caller, params),
  ),
];
