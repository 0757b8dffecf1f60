import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useEffect, useMemo, useState } from "react";
import { useApi } from "../api/use-api.ts";
import { type KnownNode, type Place, placesOf } from "./places.ts";

const shown = 50;

/** What was typed, a moment after the last key. */
export function useSettled<T>(value: T, ms = 150): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** Appliances that fit what was typed, as the API finds them: there may be ten thousand. */
export function useNodes(
  typed: string,
  enabled = true,
): { nodes: KnownNode[]; more: boolean; error: Error | null; isPending: boolean } {
  const q = useSettled(typed.trim());
  const { data, error, isPending } = useApi(
    nodeRoutes.listNodes,
    { query: { kind: "appliance", sort: "name", limit: shown, ...(q === "" ? {} : { q }) } },
    { every: "background", keepsLast: true, enabled },
  );
  const nodes = useMemo(
    () =>
      (data?.items ?? [])
        .filter(({ revokedAt }) => revokedAt === undefined)
        .map(({ id, name, tags, health }) => ({ id, name, tags, health })),
    [data],
  );
  return { nodes, more: data?.cursor !== undefined, error, isPending };
}

export function usePlaces(typed: string): { places: Place[]; more: boolean; error: Error | null; isPending: boolean } {
  const { nodes, ...rest } = useNodes(typed);
  const places = useMemo(() => placesOf(nodes, typed), [nodes, typed]);
  return { places, ...rest };
}
