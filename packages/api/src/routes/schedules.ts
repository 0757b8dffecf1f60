import { scheduleRoutes as routes } from "@steward/contracts/routes/schedules";
import { bind } from "../bind.ts";

// Loaded by the first call: few ask for schedules, and every start of the function would load them.
const schedules = () => import("@steward/control/schedules");

export const scheduleBindings = [
  bind(routes.createSchedule, async (deps, { caller, body, repeatable }) =>
    (await schedules()).createSchedule(deps, caller, body, repeatable),
  ),
  bind(routes.readSchedule, async (deps, { caller, body }) => {
    const { readSchedule } = await import("@steward/control/read-schedule");
    return readSchedule(deps, caller, body);
  }),
  bind(routes.listSchedules, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { items, after } = await (await schedules()).listSchedules(deps, caller, {
      limit: query.limit,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.getSchedule, async (deps, { caller, params, query }) =>
    (await schedules()).getSchedule(deps, caller, params, query),
  ),
  bind(routes.putSchedule, async (deps, { caller, params, body }) =>
    (await schedules()).putSchedule(deps, caller, params, body),
  ),
  bind(routes.deleteSchedule, async (deps, { caller, params }) =>
    (await schedules()).removeSchedule(deps, caller, params),
  ),
  bind(routes.pauseSchedule, async (deps, { caller, params, body }) =>
    (await schedules()).pauseSchedule(deps, caller, params, body),
  ),
  bind(routes.resumeSchedule, async (deps, { caller, params }) =>
    (await schedules()).resumeSchedule(deps, caller, params),
  ),
  bind(routes.runScheduleNow, async (deps, { caller, params, repeatable }) =>
    (await schedules()).runScheduleNow(deps, caller, params, repeatable),
  ),
  bind(routes.revokeScheduleApproval, async (deps, { caller, params }) =>
    (await schedules()).revokeScheduleApproval(deps, caller, params),
  ),
];
