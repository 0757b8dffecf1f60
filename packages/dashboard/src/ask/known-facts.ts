import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useMemo } from "react";
import { useApi } from "../api/use-api.ts";

/** Names that one appliance's facts hold, for whoever fills in a form: `users` → `["john", …]`. Data, never more. */
export function useKnownFacts(applianceId: string | undefined, enabled: boolean): Record<string, string[]> {
  const { data } = useApi(
    nodeRoutes.getNode,
    { params: { nodeId: applianceId ?? "" } },
    { every: "once", enabled: enabled && applianceId !== undefined },
  );
  return useMemo(() => namesIn(data?.facts), [data]);
}

function namesIn(facts: Record<string, unknown> | undefined): Record<string, string[]> {
  const known: Record<string, string[]> = {};
  for (const [kind, list] of Object.entries(facts ?? {})) {
    // Of certificates the facts say by host when they end.
    const entries: unknown[] = Array.isArray(list)
      ? list
      : typeof list === "object" && list !== null
        ? Object.keys(list)
        : [];
    const names = entries.map((each: unknown) =>
      typeof each === "object" && each !== null && "name" in each ? each.name : each,
    );
    known[kind] = names.filter((name) => typeof name === "string").slice(0, 200);
  }
  return known;
}
