import { gateChanged } from "@steward/aws/records/gate-epoch";
import {
  createWindow as createWindowRecord,
  getWindow,
  listWindows as listWindowRecords,
  replaceWindow,
} from "@steward/aws/records/window";
import { commit } from "@steward/aws/table";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { CreateWindow, WindowView } from "@steward/contracts/window";
import { spansAt } from "@steward/core/gate/spans-at";
import type { WindowState } from "@steward/core/gate/window-state";
import { checkRecurrence } from "@steward/contracts/due-times";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { wakeRollouts } from "./freeze.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** The gate reads all of them each time that it is asked. */
const maxWindows = 50;

/** A maintenance window or a blackout. What it holds waits; what it lets go, goes on at once. */
export async function createWindow(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log">,
  caller: Caller,
  body: CreateWindow,
  repeatable?: Repeatable,
): Promise<WindowView> {
  const { kind, name, when, tags, readsToo } = body;
  if ("cron" in when) checkRecurrence(when, "when");
  const nowMs = deps.nowMs();
  if ("until" in when && Date.parse(when.until) <= nowMs) {
    throw new AppError("unprocessable", "this window is over already", {
      fields: [{ path: "when.until", message: "must be later than now" }],
    });
  }
  const present = await listWindowRecords(deps.table, caller.tenantId);
  if (present.length >= maxWindows) {
    throw new AppError("unprocessable", `a tenant has at most ${maxWindows} windows`, {
      next: "Remove one that is over: steward windows ls",
    });
  }
  const window: WindowState = {
    v: 1,
    version: 1,
    tenantId: caller.tenantId,
    windowId: repeatable?.idOf("window") ?? newId("window", nowMs),
    kind,
    name,
    when,
    ...(tags === undefined ? {} : { tags }),
    ...(readsToo === undefined ? {} : { readsToo }),
    createdBy: caller.principal.id,
    createdAtMs: nowMs,
  };
  try {
    await commit(deps.table, [
      createWindowRecord(window),
      ...gateChanged(caller.tenantId),
      audit(nowMs, caller, "create-window", undefined, window),
    ]);
  } catch (error) {
    // An earlier try of this request made it, and was killed before it could say so.
    const made = hasCode(error, "conflict") ? await getWindow(deps.table, window) : undefined;
    if (made === undefined) throw error;
    return view(made, nowMs);
  }
  // A second maintenance window may be open where the first is not.
  if (kind === "maintenance") await wakeRollouts(deps, caller.tenantId);
  return view(window, nowMs);
}

export async function listWindows(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
): Promise<{ items: WindowView[] }> {
  const nowMs = deps.nowMs();
  return { items: (await listWindowRecords(deps.table, caller.tenantId)).map((window) => view(window, nowMs)) };
}

/** What it held goes on at once. Removing it again changes nothing. */
export async function removeWindow(
  deps: Pick<Context, "table" | "queues" | "nowMs" | "log">,
  caller: Caller,
  params: { windowId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const window = await getWindow(deps.table, { tenantId: caller.tenantId, windowId: params.windowId });
    if (window === undefined) throw new AppError("not_found", `there is no window ${params.windowId}`);
    if (window.endedAtMs !== undefined) return;
    const nowMs = deps.nowMs();
    const ended: WindowState = { ...window, version: window.version + 1, endedAtMs: nowMs };
    await commit(deps.table, [
      replaceWindow(window, ended),
      ...gateChanged(caller.tenantId),
      audit(nowMs, caller, "remove-window", window, ended),
    ]);
  });
  await wakeRollouts(deps, caller.tenantId);
}

function audit(nowMs: number, caller: Caller, what: string, before: WindowState | undefined, after: WindowState) {
  return audited(nowMs, {
    tenantId: caller.tenantId,
    who: caller.principal.id,
    what,
    record: after.windowId,
    before,
    after,
    requestId: caller.requestId,
  });
}

function view(window: WindowState, nowMs: number): WindowView {
  const { open, changesAtMs } = spansAt(window.when, nowMs);
  return {
    id: window.windowId,
    kind: window.kind,
    name: window.name,
    when: window.when,
    ...(window.tags === undefined ? {} : { tags: window.tags }),
    ...(window.readsToo === undefined ? {} : { readsToo: window.readsToo }),
    createdAt: new Date(window.createdAtMs).toISOString(),
    createdBy: window.createdBy,
    open,
    ...(changesAtMs === undefined ? {} : { changesAt: new Date(changesAtMs).toISOString() }),
  };
}
