import { Page } from "../../ui/page.tsx";

export function AppliancesPage() {
  return <Page title="Appliances">{null}</Page>;
}
