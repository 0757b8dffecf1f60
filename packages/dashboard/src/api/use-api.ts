import type { AnswerOf, InputOf } from "@steward/contracts/caller";
import { AppError } from "@steward/contracts/errors";
import type { Route } from "@steward/contracts/route";
import {
  keepPreviousData,
  QueryClient,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { toast } from "../ui/toast.tsx";
import { call, callIn } from "./caller.ts";
import { type Every, nextPollMs } from "./polling.ts";
import { tenantOfCalls } from "./tenant-choice.ts";

export interface ApiOptions {
  /** `watched`: every 2 s, `background`: every 15 s, `once`. Nothing is asked while the tab is hidden. */
  every?: Every;
  enabled?: boolean;
  /** Shows the last answer to another question (a search one letter shorter) until this one's is there. */
  keepsLast?: boolean;
  /** Of another tenant than this page's. */
  inTenant?: string;
}

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Polling heals: a failure is shown at once, and asked again by `nextPollMs`.
      retry: false,
      networkMode: "always",
      staleTime: 1_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: true,
      refetchIntervalInBackground: false,
    },
    mutations: { networkMode: "always", retry: false },
  },
});

/** The name of a question. Another tenant's answers are others. */
export function apiKey(
  route: Route,
  input: { params?: object; query?: object } = {},
  tenantId = tenantOfCalls(),
): readonly unknown[] {
  return [route.id, tenantId ?? null, input.params ?? null, input.query ?? null];
}

/** What a route answers, kept up to date. */
export function useApi<R extends Route>(
  route: R,
  input: InputOf<R>,
  { every = "watched", enabled = true, keepsLast = false, inTenant }: ApiOptions = {},
): UseQueryResult<AnswerOf<R>, Error> {
  return useQuery<AnswerOf<R>, Error>({
    queryKey: apiKey(route, input as { params?: object; query?: object }, inTenant),
    queryFn: async ({ signal }) => {
      const caller = inTenant === undefined ? call : callIn(inTenant);
      return (await caller(route, { ...input, signal })) ?? (null as AnswerOf<R>);
    },
    refetchInterval: ({ state }) => nextPollMs(every, state.fetchFailureCount, state.error) ?? false,
    ...(keepsLast ? { placeholderData: keepPreviousData } : {}),
    enabled,
  });
}

type ItemOf<R extends Route> = AnswerOf<R> extends { items: readonly (infer Item)[] } ? Item : never;

export interface ApiPages<Item> {
  /** Of all pages so far; undefined until the first is there. */
  data: Item[] | undefined;
  items: Item[];
  hasMore: boolean;
  isPending: boolean;
  isFetching: boolean;
  error: Error | null;
  loadMore: () => void;
  /** Every page that is left, one after the other. */
  loadAll: () => void;
  refetch: () => void;
}

/**
 * A list that is cut into pages by cursors. What is loaded is kept up to date as a whole, the more seldom the more pages
 * there are: a list of fifty pages is no fifty calls every two seconds.
 */
export function useApiPages<R extends Route>(
  route: R,
  input: InputOf<R>,
  { every = "watched", enabled = true, keepsLast = false, inTenant }: ApiOptions = {},
): ApiPages<ItemOf<R>> {
  type Page = { items: ItemOf<R>[]; cursor?: string };
  const { query } = input as { query?: object };
  const asked = useInfiniteQuery({
    queryKey: [...apiKey(route, input as { query?: object }, inTenant), "pages"],
    queryFn: async ({ signal, pageParam }) => {
      const caller = inTenant === undefined ? call : callIn(inTenant);
      const more = pageParam === undefined ? {} : { cursor: pageParam };
      return (await caller(route, { ...input, query: { ...query, ...more }, signal } as InputOf<R>)) as unknown as Page;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last: Page) => last.cursor,
    refetchInterval: ({ state }) => {
      const next = nextPollMs(every, state.fetchFailureCount, state.error);
      return next === undefined ? false : next * Math.max(1, state.data?.pages.length ?? 1);
    },
    ...(keepsLast ? { placeholderData: keepPreviousData } : {}),
    enabled,
  });
  const { data, hasNextPage, isPending, isFetching, error, fetchNextPage, refetch } = asked;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const loadingAll = useRef(false);
  const loadMore = useCallback(() => void fetchNextPage({ cancelRefetch: false }), [fetchNextPage]);
  const loadAll = useCallback(async () => {
    if (loadingAll.current) return;
    loadingAll.current = true;
    try {
      for (;;) {
        const { hasNextPage: more, isError } = await fetchNextPage({ cancelRefetch: false });
        if (!more || isError) return;
      }
    } finally {
      loadingAll.current = false;
    }
  }, [fetchNextPage]);
  return {
    data: items,
    items: items ?? [],
    hasMore: hasNextPage,
    isPending,
    isFetching,
    error,
    loadMore,
    loadAll: () => void loadAll(),
    refetch: () => void refetch(),
  };
}

export interface ChangeOptions<R extends Route> {
  /** What is asked for anew afterwards. Absent: everything that is on the page. */
  refreshes?: readonly Route[];
  /** Said when it worked. */
  says?: string | ((answer: AnswerOf<R>) => string);
  onDone?: (answer: AnswerOf<R>) => void;
  /** The failure is shown where it happened (by `error`), and not as a toast too. */
  quiet?: boolean;
  /** In another tenant than this page's. */
  inTenant?: string;
}

export interface Change<R extends Route> {
  /** Resolves to undefined where it failed; `error` says why. */
  run: (input: Omit<InputOf<R>, "idempotencyKey" | "signal">) => Promise<AnswerOf<R> | undefined>;
  isRunning: boolean;
  error: AppError | null;
  reset: () => void;
}

/**
 * A change. One press is one idempotency key: where the reply is lost the call is made once more with the same key, and
 * nothing happens twice.
 */
export function useChange<R extends Route>(route: R, options: ChangeOptions<R> = {}): Change<R> {
  const client = useQueryClient();
  const mutation = useMutation<AnswerOf<R>, Error, InputOf<R>>({
    mutationFn: async (input) => {
      const keyed = route.idempotent === true ? { ...input, idempotencyKey: crypto.randomUUID() } : input;
      const caller = options.inTenant === undefined ? call : callIn(options.inTenant);
      try {
        return await caller(route, keyed);
      } catch (error) {
        if (route.idempotent !== true || !(error instanceof AppError) || error.code !== "unavailable") throw error;
        return await caller(route, keyed);
      }
    },
  });
  const { mutateAsync, isPending, error, reset } = mutation;
  const latest = useRef(options);
  latest.current = options;
  const run = useCallback(
    async (input: Omit<InputOf<R>, "idempotencyKey" | "signal">) => {
      const { refreshes, says, onDone, quiet } = latest.current;
      let answer: AnswerOf<R>;
      try {
        answer = await mutateAsync(input as InputOf<R>);
      } catch (failure) {
        if (quiet !== true) toast.fail(failure);
        return undefined;
      }
      if (says !== undefined) toast.say(typeof says === "string" ? says : says(answer));
      onDone?.(answer);
      const ids = refreshes?.map(({ id }) => id);
      void client.invalidateQueries({
        predicate: ({ queryKey }) => ids === undefined || ids.includes(String(queryKey[0])),
      });
      // A route without an answer still says that it worked.
      return answer ?? (true as unknown as AnswerOf<R>);
    },
    [mutateAsync, client],
  );
  return { run, isRunning: isPending, error: error instanceof AppError ? error : null, reset };
}
