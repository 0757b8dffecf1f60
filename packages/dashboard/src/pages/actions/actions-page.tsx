import { Page } from "../../ui/page.tsx";

export function ActionsPage() {
  return <Page title="Actions">{null}</Page>;
}
