import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import { call } from "../../../api/caller.ts";
import { nextPollMs } from "../../../api/polling.ts";
import { apiKey } from "../../../api/use-api.ts";
import { keepReading, NodeList, type NodeListSnapshot } from "./node-list.ts";
import type { NodeChoice } from "./node-choice.ts";

const all = { kind: "appliance" } as const;
const pageSize = 200;

export interface LiveNodes extends NodeListSnapshot {
  list: NodeList;
  refetch: () => void;
}

/**
 * Every appliance of the tenant, kept up to date while the page is looked at. The list itself lies in the cache of
 * answers, and goes with it: whoever comes back finds it, and whoever signs in after them does not.
 */
export function useNodeList(): LiveNodes {
  const { data: list } = useQuery({
    queryKey: [...apiKey(nodeRoutes.listNodes, { query: all }), "whole"],
    queryFn: () => new NodeList(),
    initialData: () => new NodeList(),
    // It is read by the loop below, not by asking for it.
    enabled: false,
    structuralSharing: false,
  });
  const wake = useRef<() => void>(undefined);
  useEffect(() => {
    const ended = new AbortController();
    const { signal } = ended;
    keepReading(list, {
      page: (cursor) =>
        call(nodeRoutes.listNodes, {
          query: { ...all, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) },
          signal,
        }),
      pause: async (ms) => {
        await new Promise<void>((resolve, reject) => {
          const timer = setTimeout(resolve, ms);
          wake.current = () => {
            clearTimeout(timer);
            resolve();
          };
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          if (signal.aborted) reject(signal.reason as Error);
        });
        await untilSeen(signal);
      },
      pauseAfter: (failures, error) => nextPollMs("watched", failures, error) ?? 2_000,
      nowMs: Date.now,
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return () => ended.abort();
  }, [list]);
  const snapshot = useSyncExternalStore(list.subscribe, list.snapshot);
  const refetch = useCallback(() => wake.current?.(), []);
  return useMemo(() => ({ ...snapshot, list, refetch }), [snapshot, list, refetch]);
}

/** Nobody looks: nothing is asked. */
function untilSeen(signal: AbortSignal): Promise<void> {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve, reject) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

const quietMs = 200;

/** While not all of them are loaded: what is looked for is also asked of the API, and added to what is there. */
export function useAskBeside({ list, isWhole, loadedAtMs }: LiveNodes, { q, health, tag, version }: NodeChoice): void {
  const isPart = loadedAtMs !== undefined && !isWhole;
  useEffect(() => {
    if (!isPart || (q ?? health ?? tag ?? version) === undefined) return;
    const ended = new AbortController();
    const timer = setTimeout(() => {
      const query = { ...all, limit: pageSize, q, health, tag, version };
      void call(nodeRoutes.listNodes, { query, signal: ended.signal }).then(
        ({ items }) => list.add(items),
        // A tag that is half typed, or a lost connection: the list itself is on its way, and tells.
        () => undefined,
      );
    }, quietMs);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [list, isPart, q, health, tag, version]);
}
