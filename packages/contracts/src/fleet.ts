import { z } from "zod";
import { healthLevels } from "./heartbeat.ts";
import { nodeIdSchema } from "./ids.ts";
import { lanes } from "./names.ts";
import { nodeKinds, tagSchema } from "./node.ts";

const count = z.number().int().min(0);
const percent = z.number().min(0).max(100);

/** How many nodes are at each level. */
export const healthCountsSchema = z.strictObject({
  healthy: count,
  warning: count,
  critical: count,
  offline: count,
});
export type HealthCounts = z.infer<typeof healthCountsSchema>;

/** What lists of nodes may be sorted by. `load` is the load average of a minute. */
export const nodeSorts = ["id", "name", "health", "seen", "cpu", "memory", "disk", "load", "version"] as const;
export type NodeSort = (typeof nodeSorts)[number];

/** Which nodes: all that fit all of it. */
export const nodeFilterSchema = z.strictObject({
  kind: z.enum(nodeKinds).optional(),
  health: z.enum(healthLevels).optional(),
  tag: tagSchema.optional(),
  /** The agent's version, as it says it. */
  version: z.string().min(1).max(40).optional(),
  /** A part of the name, the host's name, the id or a tag. */
  q: z.string().min(1).max(100).optional(),
});
export type NodeFilter = z.infer<typeof nodeFilterSchema>;

/** `GET /nodes/health` */
export const fleetHealthSchema = z.strictObject({
  /** When it was so: at most a minute ago. */
  asOf: z.iso.datetime(),
  total: count,
  counts: healthCountsSchema,
  byKind: z.record(z.enum(nodeKinds), healthCountsSchema),
  /** Builds of the agent and how many run them, the most common first; at most 20. */
  versions: z.array(z.strictObject({ version: z.string(), nodes: count })),
});
export type FleetHealth = z.infer<typeof fleetHealthSchema>;

const placeSchema = z.strictObject({ name: z.string(), nodes: count, counts: healthCountsSchema });

/** `GET /cluster/topology`: what stands where, by the tags `site:` and `gateway:`. At most 500 of each. */
export const topologySchema = z.strictObject({
  asOf: z.iso.datetime(),
  sites: z.array(placeSchema),
  /** A gateway, and the nodes behind it. `node` where one of the tenant's nodes has its name. */
  gateways: z.array(
    z.strictObject({
      ...placeSchema.shape,
      node: z.strictObject({ id: nodeIdSchema, health: z.enum(healthLevels) }).optional(),
    }),
  ),
  /** Of no site. */
  elsewhere: healthCountsSchema,
  workers: z.array(
    z.strictObject({ id: z.string(), name: z.string(), health: z.enum(healthLevels), slots: count, used: count }),
  ),
  more: z.boolean(),
});
export type Topology = z.infer<typeof topologySchema>;

/** The stages of a request, in their order. */
export const flowStages = ["queued", "thinking", "needs_input", "awaiting_approval", "running", "cancelling"] as const;

/** `GET /cluster/flow`: how much is where on its way just now. */
export const flowSchema = z.strictObject({
  at: z.iso.datetime(),
  /** The tenant's requests. `more`: at least so many. */
  stages: z.array(z.strictObject({ stage: z.string(), count, more: z.boolean() })),
  /** Everybody's jobs. */
  lanes: z.array(z.strictObject({ lane: z.enum(lanes), queued: count, inFlight: count })),
  slots: z.strictObject({ total: count, used: count }),
});
export type Flow = z.infer<typeof flowSchema>;

/** `GET /cluster/stats` */
export const clusterStatsSchema = z.strictObject({
  asOf: z.iso.datetime(),
  nodes: z.record(z.enum(nodeKinds), healthCountsSchema),
  /** Means over the nodes that are in touch; absent where none is. */
  means: z.strictObject({ cpuPercent: percent, memoryPercent: percent, diskPercent: percent }).optional(),
  /** Heartbeats a minute that they send. */
  heartbeatsPerMinute: z.number().min(0),
  workers: z.strictObject({ ready: count, slots: count, used: count }),
});
export type ClusterStats = z.infer<typeof clusterStatsSchema>;

/** The longest that history is kept. */
export const historyHours = 168;
export const historyQuery = z.strictObject({
  hours: z.coerce.number().int().min(1).max(historyHours).default(24),
});

/** `GET /nodes/{nodeId}/history`: means, in steps; a step in which it was silent is missing. */
export const nodeHistorySchema = z.strictObject({
  stepSeconds: count,
  points: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      health: z.enum(healthLevels),
      cpuPercent: z.number(),
      memoryPercent: z.number(),
      diskPercent: z.number(),
      loadAverage1m: z.number(),
    }),
  ),
});
export type NodeHistory = z.infer<typeof nodeHistorySchema>;

/** `GET /nodes/history`: of all nodes together. */
export const fleetHistorySchema = z.strictObject({
  stepSeconds: count,
  points: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      ...healthCountsSchema.shape,
      cpuPercent: z.number(),
      memoryPercent: z.number(),
      diskPercent: z.number(),
    }),
  ),
});
export type FleetHistory = z.infer<typeof fleetHistorySchema>;

const tagList = z.array(tagSchema).max(20).default([]);
/** `POST /nodes/{nodeId}/tags` */
export const changeTagsSchema = z
  .strictObject({ add: tagList, remove: tagList })
  .refine(({ add, remove }) => add.length + remove.length > 0, "needs a tag to add or to remove");
export const maxTags = 20;

/** Nodes that one request changes. */
export const maxBulk = 200;

/** `POST /nodes/bulk`: the same change for each of these nodes, or for all that fit a filter. */
export const bulkNodesSchema = z
  .strictObject({
    nodes: z.array(nodeIdSchema).min(1).max(maxBulk).optional(),
    filter: nodeFilterSchema.optional(),
    change: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("tags"), add: tagList, remove: tagList }),
      /** How often they beat from their next heartbeat on. `confirm`: a yes to what the gate wants one for, as for `putConfig`. */
      z.strictObject({
        kind: z.literal("interval"),
        seconds: z.number().int().min(15).max(300),
        confirm: z.boolean().optional(),
      }),
      /** Off the list, and shut out. */
      z.strictObject({ kind: z.literal("remove") }),
    ]),
  })
  .refine(({ nodes, filter }) => (nodes === undefined) !== (filter === undefined), "needs either nodes or a filter");

/** One entry for each node, in the order of the request. */
export const bulkResultSchema = z.strictObject({
  changed: count,
  items: z.array(
    z.strictObject({
      id: nodeIdSchema,
      outcome: z.enum(["changed", "unchanged", "failed"]),
      /** Why it failed: a code of `errors`, and a sentence. */
      code: z.string().optional(),
      problem: z.string().optional(),
    }),
  ),
});
export type BulkResult = z.infer<typeof bulkResultSchema>;
