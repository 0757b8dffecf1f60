import { z } from "zod";
import * as notification from "../notification.ts";
import { defineRoute } from "../route.ts";

const api = { door: "api", servedBy: "people" } as const;
const params = z.strictObject({ notificationId: notification.notificationIdSchema });

/** Who is told of what. */
export const notificationRoutes = {
  listNotifications: defineRoute({
    ...api,
    id: "listNotifications",
    method: "GET",
    path: "/api/v1/notifications",
    access: { role: "admin" },
    summary: "Where the tenant is told of what happens",
    status: 200,
    answer: z.strictObject({ items: z.array(notification.notificationViewSchema) }),
  }),
  createNotification: defineRoute({
    ...api,
    id: "createNotification",
    method: "POST",
    path: "/api/v1/notifications",
    access: { role: "admin" },
    summary: "Have a webhook called, a mail sent, or a topic published to",
    body: notification.createNotificationSchema,
    status: 201,
    answer: notification.notificationViewSchema,
    idempotent: true,
  }),
  confirmNotification: defineRoute({
    ...api,
    id: "confirmNotification",
    method: "POST",
    path: "/api/v1/notifications/{notificationId}/confirm",
    access: { role: "admin" },
    summary: "Give back the code that was sent to an address: it is told from now on",
    params,
    body: notification.confirmNotificationSchema,
    status: 200,
    answer: notification.notificationViewSchema,
  }),
  deleteNotification: defineRoute({
    ...api,
    id: "deleteNotification",
    method: "DELETE",
    path: "/api/v1/notifications/{notificationId}",
    access: { role: "admin" },
    summary: "Tell it no more",
    params,
    status: 204,
  }),
  testNotification: defineRoute({
    ...api,
    id: "testNotification",
    method: "POST",
    path: "/api/v1/notifications/{notificationId}/test",
    access: { role: "admin" },
    summary: "Send it a test",
    params,
    status: 202,
    answer: notification.deliveryViewSchema,
    idempotent: true,
  }),
  listDeliveries: defineRoute({
    ...api,
    id: "listDeliveries",
    method: "GET",
    path: "/api/v1/notifications/{notificationId}/deliveries",
    access: { role: "admin" },
    summary: "What was sent there lately, and whether it arrived",
    params,
    status: 200,
    answer: z.strictObject({ items: z.array(notification.deliveryViewSchema) }),
  }),
} as const;
