import type { Caller } from "@steward/contracts/caller";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { callIn } from "../api/caller.ts";
import { nextPollMs } from "../api/polling.ts";
import { callPaced, useTenantIds } from "../api/use-across.ts";
import type { FleetDot } from "./fleet-dot.ts";
import { loadFleet, type TenantFleet } from "./load-fleet.ts";

interface Fleets {
  byTenant: Readonly<Record<string, TenantFleet>>;
  /** All pages of all tenants are there. */
  whole: boolean;
}

const shownEveryMs = 400;

export interface FleetState {
  dots: readonly FleetDot[];
  /** Undefined until something is there. */
  data: readonly FleetDot[] | undefined;
  isPending: boolean;
  isFetching: boolean;
  /** Its first pages are shown, and others are on their way. */
  isGrowing: boolean;
  error: Error | null;
  dataUpdatedAt: number;
  refetch: () => void;
}

/** Every machine of the tenants that this page is about, kept up to date: for maps and graphs. */
export function useFleet(): FleetState {
  const tenantIds = useTenantIds();
  const client = useQueryClient();
  const key = ["fleet", ...tenantIds];
  const asked = useQuery<Fleets, Error>({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const before = client.getQueryData<Fleets>(key);
      const byTenant: Record<string, TenantFleet> = {};
      let failure: unknown;
      let shownAtMs = 0;
      const show = (tenantId: string, dots: readonly FleetDot[]) => {
        // Fifty pages are not drawn fifty times.
        if (performance.now() - shownAtMs < shownEveryMs) return;
        shownAtMs = performance.now();
        client.setQueryData<Fleets>(key, {
          byTenant: { ...before?.byTenant, ...byTenant, [tenantId]: { dots, wholeAtMs: 0 } },
          whole: false,
        });
      };
      const readOne = async (tenantId: string) => {
        const known = before?.byTenant[tenantId];
        const one = callIn(tenantId);
        const caller: Caller =
          tenantIds.length === 1 ? (route, input) => one(route, { ...input, signal }) : callPaced(tenantId, signal);
        try {
          const onPart = (dots: readonly FleetDot[]) => show(tenantId, dots);
          byTenant[tenantId] = await loadFleet(caller, known, { nowMs: Date.now, onPart });
        } catch (error) {
          // One tenant that cannot be read takes the others' machines from nobody.
          failure = error;
          if (known !== undefined) byTenant[tenantId] = known;
        }
      };
      // The pace of calls says how many are asked at once.
      await Promise.all(tenantIds.map(readOne));
      if (failure !== undefined && Object.keys(byTenant).length === 0) throw failure;
      return { byTenant, whole: true };
    },
    enabled: tenantIds.length > 0,
    structuralSharing: false,
    staleTime: 2_000,
    refetchInterval: ({ state }) => {
      const count = countOf(state.data);
      const interval = Math.max(tenantIds.length * 2_000, count > 200 ? 10_000 : 3_000);
      return Math.max(interval, nextPollMs("watched", state.fetchFailureCount, state.error) ?? 0);
    },
  });
  const { data, isPending, isFetching, error, dataUpdatedAt, refetch } = asked;
  const dots = useMemo(() => Object.values(data?.byTenant ?? {}).flatMap((fleet) => fleet.dots), [data]);
  return {
    dots,
    data: data === undefined ? undefined : dots,
    isPending,
    isFetching,
    isGrowing: data !== undefined && !data.whole,
    error,
    dataUpdatedAt,
    refetch: () => void refetch(),
  };
}

function countOf(fleets: Fleets | undefined): number {
  return Object.values(fleets?.byTenant ?? {}).reduce((sum, { dots }) => sum + dots.length, 0);
}
