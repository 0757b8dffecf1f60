import type { HealthCounts } from "@steward/contracts/fleet";

/** All appliances in one sentence; `trouble`: what to look at first. */
export function fleetWords({ healthy, warning, critical, offline }: HealthCounts): {
  text: string;
  trouble?: "critical" | "offline" | "warning";
} {
  const total = healthy + warning + critical + offline;
  if (total === 0) return { text: "You have no appliances yet." };
  if (healthy === total)
    return { text: total === 1 ? "Your appliance is well." : `All ${total} of your appliances are well.` };
  const parts = [
    critical > 0 && `${critical} ${critical === 1 ? "needs" : "need"} help now`,
    offline > 0 && `${offline} ${offline === 1 ? "is" : "are"} not to be reached`,
    warning > 0 && `${warning} ${warning === 1 ? "is" : "are"} under strain`,
  ].filter((part) => part !== false);
  const rest = healthy === 0 ? "" : `; the other ${healthy} ${healthy === 1 ? "is" : "are"} well`;
  return {
    text:
      total === 1
        ? `Your appliance ${parts[0]?.slice(2) ?? ""}.`
        : `Of your ${total} appliances ${listed(parts)}${rest}.`,
    trouble: critical > 0 ? "critical" : offline > 0 ? "offline" : "warning",
  };
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1) ?? ""}`;
}
