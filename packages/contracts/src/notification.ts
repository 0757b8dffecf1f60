import { z } from "zod";
import { idSchema, personIdSchema, principalIdSchema, taskIdSchema, tenantIdSchema } from "./ids.ts";
import { risks } from "./risk.ts";
import { taskStatuses } from "./states.ts";

/** What somebody may be told of. `test` goes to one receiver, when somebody asks for it. */
export const notificationEvents = [
  "task.awaiting_approval",
  "task.needs_input",
  "task.expiring",
  "task.finished",
  /** A tenant has asked for a person of the provider: told to the provider's own receivers, and to no tenant's. */
  "task.escalated",
] as const;
export type NotificationEvent = (typeof notificationEvents)[number];

export const notificationIdSchema = idSchema("notification");
export const noticeIdSchema = idSchema("notice");

/** `POST /notifications`: where the tenant is told. One kind for now: a webhook, signed by RFC 9421. */
export const createNotificationSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  url: z.url({ protocol: /^https?$/ }).max(500),
  events: z
    .array(z.enum(notificationEvents))
    .min(1)
    .max(notificationEvents.length)
    .default([...notificationEvents]),
});
export type CreateNotification = z.output<typeof createNotificationSchema>;

export const notificationViewSchema = z.strictObject({
  id: notificationIdSchema,
  name: z.string(),
  kind: z.literal("webhook"),
  url: z.string(),
  events: z.array(z.enum(notificationEvents)),
  createdBy: principalIdSchema,
  createdAt: z.iso.datetime(),
});
export type NotificationView = z.infer<typeof notificationViewSchema>;

/** One notice on its way to one receiver. */
export const deliveryViewSchema = z.strictObject({
  id: noticeIdSchema,
  event: z.enum([...notificationEvents, "test"]),
  taskId: taskIdSchema.optional(),
  createdAt: z.iso.datetime(),
  status: z.enum(["waiting", "delivered", "failed"]),
  attempts: z.number().int(),
  lastAttemptAt: z.iso.datetime().optional(),
  nextAttemptAt: z.iso.datetime().optional(),
  /** Why the last attempt failed. */
  reason: z.string().optional(),
});
export type DeliveryView = z.infer<typeof deliveryViewSchema>;

/**
 * The body of a webhook. `id` is the same in every repetition: whoever has seen it has seen it. It says what happened and
 * where to look, never a value of a plan or an output.
 */
export const webhookBodySchema = z.strictObject({
  v: z.literal(1),
  id: noticeIdSchema,
  event: z.enum([...notificationEvents, "test"]),
  at: z.iso.datetime(),
  tenantId: tenantIdSchema,
  task: z
    .strictObject({
      id: taskIdSchema,
      status: z.enum(taskStatuses),
      /** As a person said it, shortened; absent for explicit steps. */
      instruction: z.string().optional(),
      actions: z.array(z.string()),
      appliances: z.number().int(),
      risk: z.enum(risks).optional(),
      requestedBy: z.strictObject({ id: z.string(), name: z.string() }),
      approvedBy: personIdSchema.optional(),
      /** What the provider's staff is asked for. */
      escalation: z.strictObject({ by: z.string(), note: z.string().optional() }).optional(),
      /** What is asked, where it needs an answer. */
      question: z.string().optional(),
      /** How it ended, in a sentence. */
      message: z.string().optional(),
      expiresAt: z.iso.datetime().optional(),
    })
    .optional(),
});
export type WebhookBody = z.infer<typeof webhookBodySchema>;
