import { getRouteApi } from "@tanstack/react-router";
import { useMe } from "../../me/use-me.ts";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { GateTab } from "./gate-tab.tsx";
import { InstallationTab } from "./installation-tab.tsx";
import { LimitsTab } from "./limits-tab.tsx";
import { PolicyTab } from "./policy-tab.tsx";
import type { SettingsTab } from "./route.ts";
import { SignInTab } from "./sign-in-tab.tsx";
import { ThresholdsTab } from "./thresholds-tab.tsx";

const route = getRouteApi("/settings");

/** The rules of a tenant, what it may use, and what runs here. */
export function SettingsPage() {
  const me = useMe();
  const { tab = "policy" } = route.useSearch();
  const navigate = route.useNavigate();
  const tabs: { id: SettingsTab; label: string }[] = [
    { id: "policy", label: "Rules" },
    { id: "limits", label: "Limits and use" },
    { id: "thresholds", label: "Thresholds" },
    ...(me.may("admin") ? [{ id: "sign-in" as const, label: "Sign-in" }] : []),
    { id: "gate", label: "Why, or why not" },
    { id: "installation", label: "Installation" },
  ];
  return (
    <Page title="Settings" lead="What changes must keep to, what may be used, and what runs here.">
      <Tabs
        label="Settings"
        value={tab}
        onChange={(next) =>
          void navigate({ search: ({ tenant }) => ({ ...(tenant === undefined ? {} : { tenant }), tab: next }) })
        }
        tabs={tabs}
      >
        {tab === "installation" ? <InstallationTab /> : <ForTenant>{panelOf(tab)}</ForTenant>}
      </Tabs>
    </Page>
  );
}

function panelOf(tab: Exclude<SettingsTab, "installation">) {
  switch (tab) {
    case "policy":
      return <PolicyTab />;
    case "limits":
      return <LimitsTab />;
    case "thresholds":
      return <ThresholdsTab />;
    case "sign-in":
      return <SignInTab />;
    case "gate":
      return <GateTab />;
  }
}
