import { Page } from "../../ui/page.tsx";

export function SchedulePage() {
  return <Page title="Schedule">{null}</Page>;
}
