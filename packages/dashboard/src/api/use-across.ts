import type { AnswerOf, Caller, InputOf } from "@steward/contracts/caller";
import type { Route } from "@steward/contracts/route";
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { useMe } from "../me/use-me.ts";
import { callIn } from "./caller.ts";
import { createPace } from "./pace.ts";
import { nextPollMs } from "./polling.ts";

/** Of the fifty calls at once and ten a second that a person has it leaves some to what they do themselves. */
const paced = createPace({ atOnce: 6, gapMs: 160, burst: 36 });

/** Asks one tenant, in turn with all else that looks across tenants; `last`: after what is more urgent. */
export function callPaced(tenantId: string, signal: AbortSignal, last = false): Caller {
  const caller = callIn(tenantId);
  return (route, input) => paced(() => caller(route, { ...input, signal }), { signal, last });
}

/** The tenants that this page is about: the chosen one, or, for the provider's staff, all that are still there. */
export function useTenantIds(): string[] {
  const { tenantId, tenants } = useMe();
  return useMemo(
    () =>
      tenantId === undefined
        ? tenants.filter(({ status }) => status !== "purging" && status !== "purged").map(({ id }) => id)
        : [tenantId],
    [tenantId, tenants],
  );
}

export interface Across<R extends Route> {
  /** Of the tenants that have answered; undefined until one has. */
  data: { tenantId: string; answer: AnswerOf<R> }[] | undefined;
  /** How many have not answered yet. */
  missing: number;
  isPending: boolean;
  isFetching: boolean;
  /** Of the first that failed. What the others said is there all the same. */
  error: Error | null;
  dataUpdatedAt: number;
  refetch: () => void;
}

/**
 * One question to each of these tenants: the API answers of one at a time. The more tenants, the more seldom. The
 * answers are the same that `useApi` shows where a tenant is chosen.
 */
export function useAcross<R extends Route>(
  route: R,
  input: InputOf<R>,
  options: { tenantIds: readonly string[]; everyMs?: number; enabled?: boolean },
): Across<R> {
  const { tenantIds, everyMs = 2_000, enabled = true } = options;
  const { params, query } = input as { params?: object; query?: object };
  const one = tenantIds.length === 1;
  const interval = one ? everyMs : Math.max(15_000, everyMs, tenantIds.length * 1_500);
  return useQueries({
    queries: tenantIds.map((tenantId) => ({
      queryKey: [route.id, tenantId, params ?? null, query ?? null],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<AnswerOf<R>> => {
        const caller = one ? callIn(tenantId) : callPaced(tenantId, signal, everyMs >= 15_000);
        return (await caller(route, { ...input, signal })) ?? (null as AnswerOf<R>);
      },
      refetchInterval: ({ state }: { state: { fetchFailureCount: number; error: unknown } }) =>
        state.error === null
          ? interval
          : Math.max(interval, nextPollMs("watched", state.fetchFailureCount, state.error) ?? interval),
      enabled,
      // Coming back to a page of a hundred tenants asks only those whose answers are old.
      staleTime: one ? 1_000 : interval / 2,
    })),
    combine: (results): Across<R> => {
      const data = results.flatMap(({ data: answer }, at) => {
        const tenantId = tenantIds[at];
        return answer === undefined || tenantId === undefined ? [] : [{ tenantId, answer: answer as AnswerOf<R> }];
      });
      return {
        data: data.length === 0 && results.length > 0 ? undefined : data,
        missing: results.length - data.length,
        isPending: data.length === 0 && results.some(({ isPending }) => isPending),
        isFetching: results.some(({ isFetching }) => isFetching),
        error: results.find(({ error }) => error !== null)?.error ?? null,
        dataUpdatedAt: Math.min(...results.map(({ dataUpdatedAt }) => dataUpdatedAt)),
        refetch: () => {
          for (const { refetch } of results) void refetch();
        },
      };
    },
  });
}
