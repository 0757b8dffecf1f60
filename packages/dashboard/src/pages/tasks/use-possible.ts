import type { TaskView } from "@steward/contracts/task";
import { useMemo } from "react";
import { useMe } from "../../me/use-me.ts";
import { useNow } from "../../ui/moment.tsx";
import { possibleVerbs, type Verb } from "./possible.ts";

/** What whoever looks can do about a task now; a plan that runs out while it is looked at takes its buttons along. */
export function usePossible(task: TaskView): ReadonlySet<Verb> {
  const { principal, role } = useMe();
  const minute = Math.floor(useNow() / 60_000) * 60_000;
  return useMemo(
    () => possibleVerbs(task, { id: principal.id, kind: principal.kind, role }, minute),
    [task, principal, role, minute],
  );
}
