import { AsyncLocalStorage } from "node:async_hooks";

/*
 * Which request the code works for, without every call passing it on: lines of the log carry it, and entries of the trail.
 * It is a label and decides nothing.
 *
 *     API      its caller's id ──(a machine's call about a run or job)──▶ that one's
 *     queues   none ─────────────(the rollout, the job is loaded)───────▶ that one's
 *
 * The function `heartbeat` opens no scope: what it logs has none.
 */

interface Scope {
  requestId: string | undefined;
}

const scopes = new AsyncLocalStorage<Scope>();

/** Runs `work` for a request; for one that is not known yet where there is no id. */
export function forRequest<T>(requestId: string | undefined, work: () => T): T {
  return scopes.run({ requestId }, work);
}

/** From here on, and for the rest of the scope, the work is for this one. Nothing where there is no id, or no scope. */
export function goOnFor(requestId: string | undefined): void {
  const scope = scopes.getStore();
  if (scope !== undefined && requestId !== undefined) scope.requestId = requestId;
}

/** The request that the calling code works for, as far as that is known. */
export function requestInHand(): string | undefined {
  return scopes.getStore()?.requestId;
}
