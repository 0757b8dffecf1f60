import { Page } from "../../ui/page.tsx";

export function AppliancePage() {
  return <Page title="Appliance">{null}</Page>;
}
