import type { Role } from "@steward/contracts/roles";
import type { IconName } from "../ui/icon.tsx";

export interface Destination {
  to: string;
  label: string;
  icon: IconName;
  /** The least role that it is of use to. Absent: everybody's. */
  role?: Role;
  /** Only for the provider's staff. */
  staff?: boolean;
}

export interface Section {
  title: string;
  items: Destination[];
}

/** Every page that is found by itself: the side bar and the palette list these. */
export const sections: readonly Section[] = [
  {
    title: "Work",
    items: [
      { to: "/", label: "Home", icon: "home" },
      { to: "/ask", label: "Ask", icon: "ask", role: "operator" },
      { to: "/tasks", label: "Tasks", icon: "tasks" },
      { to: "/actions", label: "Actions", icon: "actions" },
      { to: "/schedules", label: "Schedules", icon: "schedules" },
      { to: "/freezes", label: "Freezes & windows", icon: "freezes" },
    ],
  },
  {
    title: "Fleet",
    items: [
      { to: "/appliances", label: "Appliances", icon: "appliances" },
      { to: "/alerts", label: "Alerts", icon: "alerts" },
      { to: "/workers", label: "Workers & queues", icon: "workers" },
      { to: "/topology", label: "Topology", icon: "topology" },
      { to: "/flow", label: "Flow", icon: "flow" },
      { to: "/confirm", label: "Nodes to confirm", icon: "confirm", role: "admin" },
    ],
  },
  {
    title: "Manage",
    items: [
      { to: "/people", label: "People", icon: "people", role: "admin" },
      { to: "/tokens", label: "Tokens", icon: "tokens", role: "admin" },
      { to: "/certificates", label: "Certificates", icon: "certificates", role: "admin" },
      { to: "/secrets", label: "Secrets", icon: "secrets", role: "admin" },
      { to: "/notifications", label: "Notifications", icon: "notifications", role: "admin" },
      { to: "/audit", label: "Audit", icon: "audit", role: "admin" },
      { to: "/tenants", label: "Tenants", icon: "tenants", staff: true },
      { to: "/settings", label: "Settings", icon: "settings" },
    ],
  },
];
