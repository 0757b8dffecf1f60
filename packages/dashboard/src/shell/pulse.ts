import { AppError } from "@steward/contracts/errors";
import type { QueryClient } from "@tanstack/react-query";
import { useCallback, useSyncExternalStore } from "react";

/** `live`: answers come. `lost`: none of what is watched does. `limited`: the API asks for patience. `idle`: nothing is watched. */
export type PulseState = "live" | "lost" | "limited" | "idle";

export function usePulse(client: QueryClient): PulseState {
  const watch = useCallback((listener: () => void) => client.getQueryCache().subscribe(listener), [client]);
  return useSyncExternalStore(watch, () => pulseOf(client));
}

function pulseOf(client: QueryClient): PulseState {
  const watched = client.getQueryCache().findAll({ type: "active" });
  if (watched.length === 0) return "idle";
  const errors = watched.map(({ state }) => state.error);
  if (errors.some((error) => error instanceof AppError && error.code === "too_many_requests")) return "limited";
  return errors.every(isAway) ? "lost" : "live";
}

function isAway(error: unknown): boolean {
  return error instanceof AppError && (error.code === "unavailable" || error.code === "internal");
}
