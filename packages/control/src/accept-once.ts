import { getTask } from "@steward/aws/records/task";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { TaskState } from "@steward/core/task/task-state";
import type { Caller, Context, Repeatable } from "./context.ts";

/**
 * A request that makes a task: counted before it is judged, and made once, however often it comes. A repeated one gets the
 * task that the first one made, also when that was killed before it could answer. `shown` is what is answered of a task
 * that was made before.
 */
export async function acceptOnce<T>(
  deps: Pick<Context, "table" | "nowMs">,
  { tenantId }: Pick<Caller, "tenantId">,
  repeatable: Repeatable | undefined,
  {
    count,
    accept,
    shown,
  }: {
    /** Takes a unit of the quota; what it answers gives it back. */
    count: () => Promise<() => Promise<void>>;
    accept: (taskId: string) => Promise<T>;
    shown: (task: TaskState) => T | Promise<T>;
  },
): Promise<T> {
  const taskId = repeatable?.idOf("task") ?? newId("task", deps.nowMs());
  const made = async () => (repeatable === undefined ? undefined : await getTask(deps.table, { tenantId, taskId }));
  // Before anything is judged again: what was accepted stays accepted, whatever has changed since.
  const before = repeatable?.begunBefore === true ? await made() : undefined;
  if (before !== undefined) return shown(before);
  const uncount = await count();
  try {
    return await accept(taskId);
  } catch (error) {
    const isUnknown = hasCode(error, "unavailable") || hasCode(error, "internal");
    // What was refused is not counted. Where nobody knows whether it was stored, it stays counted.
    if (!isUnknown) await uncount();
    // The first try was slow, not dead, and came to its end meanwhile.
    const meanwhile = isUnknown ? undefined : await made();
    if (meanwhile === undefined) throw error;
    return shown(meanwhile);
  }
}
