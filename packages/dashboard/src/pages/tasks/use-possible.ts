import type { TaskView } from "@steward/contracts/task";
import { useMemo } from "react";
import { useMe } from "../../me/use-me.ts";
import { possibleVerbs, type Verb } from "./possible.ts";

/** What whoever looks can do about a task now. A plan that runs out while it is looked at is refused by the API. */
export function usePossible(task: TaskView): ReadonlySet<Verb> {
  const { principal, role } = useMe();
  return useMemo(
    () => possibleVerbs(task, { id: principal.id, kind: principal.kind, role }, Date.now()),
    [task, principal, role],
  );
}
