import { scheduleRoutes as routes } from "@steward/contracts/routes/schedules";
import type { ScheduleView } from "@steward/contracts/schedule";
import { useNavigate } from "@tanstack/react-router";
import { useChange } from "../../api/use-api.ts";
import { stepsWords } from "../../schedules/schedule-state.ts";
import { useConfirm } from "../../ui/confirm.tsx";
import { visible } from "../../text.ts";

const refreshes = [routes.listSchedules, routes.getSchedule];

/** What can be done to a schedule from a list and from its own page. */
export function useScheduleChanges({ id, name, definition }: Pick<ScheduleView, "id" | "name" | "definition">) {
  const navigate = useNavigate();
  const confirm = useConfirm();
  const run = useChange(routes.runScheduleNow, {
    refreshes,
    onDone: (task) => void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } }),
  });
  const pausing = useChange(routes.pauseSchedule, { refreshes, says: `${name} rests until somebody resumes it` });
  const resuming = useChange(routes.resumeSchedule, { refreshes, says: `${name} goes on with its next due time` });
  const removing = useChange(routes.deleteSchedule, { refreshes, says: `${name} is removed` });
  const revoking = useChange(routes.revokeScheduleApproval, {
    refreshes,
    says: `${name} has no standing approval any more`,
  });
  const params = { scheduleId: id };
  const what = visible(stepsWords(definition.steps).join("; "));
  const where = visible(definition.targets.join(", "));
  return {
    isRunning: run.isRunning || pausing.isRunning || resuming.isRunning || removing.isRunning || revoking.isRunning,
    runNow: async () => {
      const yes = await confirm({
        title: `Run ${name} now?`,
        text: `This asks in your own name for ${what} on ${where}. No due time is used up, and the standing approval does not count for it: where the risk wants a yes, the task waits for one.`,
        verb: "Run now",
      });
      if (yes) await run.run({ params });
    },
    /** Can be undone at once: nobody is asked. */
    pause: (reason?: string) => pausing.run({ params, body: reason === undefined ? {} : { reason } }),
    resume: () => resuming.run({ params }),
    remove: async () => {
      const yes = await confirm({
        title: `Remove ${name}?`,
        text: "It is not due any more, and its standing approval ends. What it has begun goes on.",
        verb: "Remove",
        danger: true,
      });
      return yes ? (await removing.run({ params })) !== undefined : false;
    },
    revoke: async () => {
      const yes = await confirm({
        title: `End the standing approval of ${name}?`,
        text: "Also what it has let begin and has not started yet is stopped. From then on each of its tasks waits for a yes.",
        verb: "End it",
        danger: true,
      });
      if (yes) await revoking.run({ params });
    },
  };
}
