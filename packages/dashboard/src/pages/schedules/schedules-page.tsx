import { Page } from "../../ui/page.tsx";

export function SchedulesPage() {
  return <Page title="Schedules">{null}</Page>;
}
