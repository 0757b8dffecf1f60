import type { Client } from "@steward/contracts/client";
import type { PreviewView } from "@steward/contracts/preview";
import type { TaskView } from "@steward/contracts/task";
import { waitWhile } from "./follow-task.ts";
import { previewText } from "./text/preview.ts";
import type { Ui } from "./ui.ts";

/** Asks for a preview of a plan that waits, waits for its end, and shows what would change. */
export async function showPreview(
  call: Client,
  task: TaskView,
  ui: Ui,
  { nowMs, signal }: { nowMs: () => number; signal: AbortSignal },
): Promise<PreviewView> {
  const asked = await call("previewTask", { params: { taskId: task.id }, idempotencyKey: crypto.randomUUID() });
  await waitWhile(call, asked, ui, {
    statuses: ["queued", "running", "cancelling"],
    text: "Looking what would change …",
    signal,
  });
  const preview = await call("getPreview", { params: { taskId: asked.id } });
  ui.say(previewText(preview, ui.paint, nowMs()));
  ui.say();
  return preview;
}
