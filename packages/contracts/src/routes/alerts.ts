import { z } from "zod";
import * as alert from "../alert.ts";
import { nodeIdSchema } from "../ids.ts";
import { defineRoute, pageOf, pageQuery } from "../route.ts";
import { alertingViewSchema, nodeThresholdsViewSchema, putAlertingSchema, thresholdsSchema } from "../thresholds.ts";
import { nodeParams } from "./params.ts";

const api = { door: "api", servedBy: "api" } as const;
const params = z.strictObject({ alertId: alert.alertIdSchema });

/** What is wrong, and from when on it is. */
export const alertRoutes = {
  listAlerts: defineRoute({
    ...api,
    id: "listAlerts",
    method: "GET",
    path: "/api/v1/alerts",
    access: { role: "viewer" },
    summary: "What is wrong now, or (status=resolved) was",
    query: z.strictObject({
      ...pageQuery,
      status: z.enum(alert.alertStatuses).optional(),
      kind: z.enum(alert.alertKinds).optional(),
      severity: z.enum(alert.severities).optional(),
      node: nodeIdSchema.optional(),
      /** Also of machines behind a gateway that is silent itself. */
      suppressed: z.literal("true").optional(),
    }),
    status: 200,
    answer: pageOf(alert.alertViewSchema),
  }),
  getAlert: defineRoute({
    ...api,
    id: "getAlert",
    method: "GET",
    path: "/api/v1/alerts/{alertId}",
    access: { role: "viewer" },
    summary: "One alert with its earlier openings",
    params,
    status: 200,
    answer: alert.alertViewSchema,
  }),
  acknowledgeAlert: defineRoute({
    ...api,
    id: "acknowledgeAlert",
    method: "POST",
    path: "/api/v1/alerts/{alertId}/acknowledge",
    access: { role: "operator" },
    summary: "Say that somebody looks after it: it is not escalated",
    params,
    status: 200,
    answer: alert.alertViewSchema,
  }),
  snoozeAlert: defineRoute({
    ...api,
    id: "snoozeAlert",
    method: "POST",
    path: "/api/v1/alerts/{alertId}/snooze",
    access: { role: "operator" },
    summary: "Have nobody told of it for a while, unless it becomes worse",
    params,
    body: alert.snoozeAlertSchema,
    status: 200,
    answer: alert.alertViewSchema,
  }),
  getThresholds: defineRoute({
    ...api,
    id: "getThresholds",
    method: "GET",
    path: "/api/v1/thresholds",
    access: { role: "viewer" },
    summary: "From when on the tenant's machines are not healthy, and when an alert is escalated",
    status: 200,
    answer: alertingViewSchema,
  }),
  putThresholds: defineRoute({
    ...api,
    id: "putThresholds",
    method: "PUT",
    path: "/api/v1/thresholds",
    access: { role: "admin" },
    summary: "Replace the tenant's thresholds: its machines are judged by them within a minute",
    body: putAlertingSchema,
    status: 200,
    answer: alertingViewSchema,
  }),
  getNodeThresholds: defineRoute({
    ...api,
    id: "getNodeThresholds",
    method: "GET",
    path: "/api/v1/nodes/{nodeId}/thresholds",
    access: { role: "viewer" },
    summary: "From when on one machine is not healthy",
    params: nodeParams,
    status: 200,
    answer: nodeThresholdsViewSchema,
  }),
  putNodeThresholds: defineRoute({
    ...api,
    id: "putNodeThresholds",
    method: "PUT",
    path: "/api/v1/nodes/{nodeId}/thresholds",
    access: { role: "operator" },
    summary: "Replace one machine's own thresholds; what is absent is as the tenant has it",
    params: nodeParams,
    body: thresholdsSchema,
    status: 200,
    answer: nodeThresholdsViewSchema,
  }),
} as const;
