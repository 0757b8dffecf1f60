import { type RunStatus, runStatuses } from "@steward/contracts/states";
import { oneOf, said, words } from "./read-search.ts";

export const taskTabs = ["runs", "results", "plan", "rules"] as const;
export type TaskTab = (typeof taskTabs)[number];

/** What of a task is looked at. */
export interface TaskSearch {
  tab?: TaskTab;
  /** The appliance whose run is open. */
  run?: string;
  wave?: number;
  /** Only runs of this status. */
  runs?: RunStatus;
  /** Search, sorting and columns of the table of runs. */
  rq?: string;
  rsort?: string;
  rcols?: string;
}

export function readTaskSearch(search: Record<string, unknown>): TaskSearch {
  const wave = Number(search["wave"]);
  return said<TaskSearch>({
    tab: oneOf(taskTabs, search["tab"]),
    run: words(search["run"]),
    wave: Number.isInteger(wave) && wave >= 1 && wave <= 100 ? wave : undefined,
    runs: oneOf(runStatuses, search["runs"]),
    rq: words(search["rq"]),
    rsort: words(search["rsort"]),
    rcols: words(search["rcols"]),
  });
}
