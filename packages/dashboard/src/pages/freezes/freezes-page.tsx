import { Page } from "../../ui/page.tsx";

export function FreezesPage() {
  return <Page title="Freezes">{null}</Page>;
}
