import type { RunState } from "./run-state.ts";

type Phased = Pick<RunState, "status" | "sentAtMs" | "ledgerId">;

/** Its command is still to be made: the first one, a retry's, or the one to undo it. */
export function awaitsSending(run: Phased): boolean {
  return run.status === "pending" || (run.status === "undoing" && run.sentAtMs === undefined);
}

/** Its command is made and the appliance has not begun: it may fetch it at any time. */
export function awaitsStart(run: Phased): boolean {
  return (
    run.status === "sent" || (run.status === "undoing" && run.sentAtMs !== undefined && run.ledgerId === undefined)
  );
}

/** The appliance has begun and has not told the end. */
export function isUnderWay(run: Phased): boolean {
  return run.status === "running" || (run.status === "undoing" && run.ledgerId !== undefined);
}
