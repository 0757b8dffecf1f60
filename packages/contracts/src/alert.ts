import { z } from "zod";
import { healthLevels } from "./heartbeat.ts";
import { idSchema, nodeIdSchema, principalIdSchema } from "./ids.ts";

/**
 * `health`: a metric is over its threshold, or the agent says that something is wrong; one alert for each of them.
 * `offline`: the node is silent. `fleet-silent`: so many of the tenant's nodes are that it is one thing, not many.
 */
export const alertKinds = ["health", "offline", "fleet-silent"] as const;
export type AlertKind = (typeof alertKinds)[number];

export const alertStatuses = ["open", "acknowledged", "resolved"] as const;
export type AlertStatus = (typeof alertStatuses)[number];

/** From the lesser to the greater. */
export const severities = ["warning", "critical"] as const;
export type Severity = (typeof severities)[number];

export const alertIdSchema = idSchema("alert");

const whoSchema = z.strictObject({ id: principalIdSchema, name: z.string() });

export const alertViewSchema = z.strictObject({
  id: alertIdSchema,
  kind: z.enum(alertKinds),
  status: z.enum(alertStatuses),
  severity: z.enum(severities),
  /** What it says, in a sentence. */
  summary: z.string(),
  /** Absent for `fleet-silent`, which is about many. */
  node: z.strictObject({ id: nodeIdSchema, name: z.string(), health: z.enum(healthLevels) }).optional(),
  /** Which metric or condition: `diskPercent`, `service:nginx`. Of `health` only. */
  part: z.string().optional(),
  /** Of `fleet-silent`: how many are silent, of how many. */
  nodes: z.strictObject({ silent: z.number().int(), of: z.number().int() }).optional(),
  startsAt: z.iso.datetime(),
  /** How often it has opened, with this time. */
  openings: z.number().int(),
  acknowledgedAt: z.iso.datetime().optional(),
  acknowledgedBy: whoSchema.optional(),
  /** Nobody is told of it before. */
  snoozedUntil: z.iso.datetime().optional(),
  snoozedBy: whoSchema.optional(),
  /** The node behind which it is, and which is offline itself: nobody is told. */
  suppressedBy: nodeIdSchema.optional(),
  /** When somebody was first told of this opening. */
  toldAt: z.iso.datetime().optional(),
  escalatedAt: z.iso.datetime().optional(),
  resolvedAt: z.iso.datetime().optional(),
  /** Earlier openings, the newest first, at most ten. */
  past: z.array(
    z.strictObject({
      startsAt: z.iso.datetime(),
      resolvedAt: z.iso.datetime(),
      severity: z.enum(severities),
      acknowledgedBy: whoSchema.optional(),
    }),
  ),
});
export type AlertView = z.infer<typeof alertViewSchema>;

/** The longest that an alert may be snoozed: what is to be silent for longer is to be mended, or is no alert. */
export const maxSnoozeMinutes = 30 * 24 * 60;

/** `POST /alerts/{id}/snooze` */
export const snoozeAlertSchema = z.strictObject({ minutes: z.number().int().min(1).max(maxSnoozeMinutes) });
