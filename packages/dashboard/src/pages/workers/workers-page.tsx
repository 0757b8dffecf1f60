import { Page } from "../../ui/page.tsx";

export function WorkersPage() {
  return <Page title="Workers">{null}</Page>;
}
