/*
 * The other message of `node-events`, beside `NodeEvent`: what the sweep has decided about a tenant's nodes as a whole.
 */

/**
 * Many of a tenant's nodes are silent, or are not any more. `atMs` is the sweep's time: a message that comes late, or
 * twice, changes nothing. While it is so, a node that goes offline opens no alert of its own.
 */
export interface FleetEvent {
  tenantId: string;
  fleet: { silent: boolean; nodes: number; of: number; atMs: number };
}
