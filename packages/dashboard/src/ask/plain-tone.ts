import type { TaskView } from "@steward/contracts/task";
import { taskTerms, type Tone, termOf } from "../text.ts";
import { waitsForSomebody } from "./phase.ts";

/** What waits for somebody stands out, whatever its status. */
export function toneOf(task: TaskView): Tone {
  return waitsForSomebody(task) ? "wait" : termOf(taskTerms, task.status).tone;
}
