import type { ScheduleView } from "@steward/contracts/schedule";
import { useNavigate } from "@tanstack/react-router";
import { useMe } from "../../me/use-me.ts";
import { Menu } from "../../ui/menu.tsx";
import { useScheduleChanges } from "./use-schedule-changes.ts";

export function ScheduleMenu({ schedule }: { schedule: ScheduleView }) {
  const { may } = useMe();
  const navigate = useNavigate();
  const { runNow, pause, resume, remove } = useScheduleChanges(schedule);
  if (!may("operator")) return null;
  return (
    <Menu
      label={`More for ${schedule.name}`}
      items={[
        { label: "Run now", icon: "play", onSelect: () => void runNow() },
        schedule.status === "paused"
          ? { label: "Resume", icon: "play", onSelect: () => void resume() }
          : { label: "Pause", icon: "pause", onSelect: () => void pause() },
        {
          label: "Edit",
          icon: "edit",
          onSelect: () =>
            void navigate({
              to: "/schedules/$scheduleId",
              params: { scheduleId: schedule.id },
              search: { edit: true },
            }),
        },
        { label: "Remove", icon: "remove", danger: true, onSelect: () => void remove() },
      ]}
    />
  );
}
