import type { NodeState } from "./node-state.ts";

/** From when on nothing of it counts; undefined while it is in. */
export function cutOffAtMs(node: Pick<NodeState, "revokedAtMs" | "removedAtMs">): number | undefined {
  return node.revokedAtMs ?? node.removedAtMs;
}

/** True for a worker that may have no job and no key. */
export function isShutOut(worker: Pick<NodeState, "revokedAtMs" | "removedAtMs" | "quarantinedAtMs">): boolean {
  return cutOffAtMs(worker) !== undefined || worker.quarantinedAtMs !== undefined;
}
