import { z } from "zod";
import { idSchema, nodeIdSchema, personIdSchema, principalIdSchema, taskIdSchema, tenantIdSchema } from "./ids.ts";
import { alertIdSchema, alertKinds, alertStatuses, severities } from "./alert.ts";
import { risks } from "./risk.ts";
import { taskStatuses } from "./states.ts";

/** What somebody may be told of. */
export const notificationEvents = [
  "task.awaiting_approval",
  "task.needs_input",
  "task.expiring",
  "task.finished",
  /** A tenant has asked for a person of the provider: told to the provider's own receivers, and to no tenant's. */
  "task.escalated",
  "alert.raised",
  /** It is over, and has stayed so for ten minutes. Told to whoever was told that it began. */
  "alert.resolved",
  /** A critical one that nobody has acknowledged. */
  "alert.escalated",
] as const;
export type NotificationEvent = (typeof notificationEvents)[number];
/** `test` and `confirm` go to one receiver, when somebody asks for it. */
export const noticeEvents = [...notificationEvents, "test", "confirm"] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

export const notificationIdSchema = idSchema("notification");
export const noticeIdSchema = idSchema("notice");

export const notificationKinds = ["webhook", "email", "sns"] as const;
export type NotificationKind = (typeof notificationKinds)[number];

const topicPattern = /^arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]+:\d{12}:steward-notices-[A-Za-z0-9_-]{1,200}$/;

/** What kind of receiver an address is of: a webhook's URL, `mailto:ops@example.org`, or the ARN of a topic. */
export function kindOfUrl(url: string): NotificationKind | undefined {
  if (topicPattern.test(url)) return "sns";
  if (url.startsWith("mailto:")) return z.email().max(254).safeParse(url.slice(7)).success ? "email" : undefined;
  return z.url({ protocol: /^https?$/ }).safeParse(url).success ? "webhook" : undefined;
}

const clockSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must look like 22:00");

/** When nobody is to be disturbed there: what comes meanwhile is held until they are over. They may go over midnight. */
export const quietHoursSchema = z
  .strictObject({
    begins: clockSchema,
    ends: clockSchema,
    timeZone: z.string().min(1).max(60),
    /** Critical alerts, and escalated ones, come all the same. */
    exceptCritical: z.boolean().default(false),
  })
  .refine(({ begins, ends }) => begins !== ends, { message: "must not be the same as begins", path: ["ends"] });
export type QuietHours = z.infer<typeof quietHoursSchema>;

/** `POST /notifications`: where the tenant is told. Webhooks are signed by RFC 9421. */
export const createNotificationSchema = z.strictObject({
  name: z.string().trim().min(1).max(80),
  url: z
    .string()
    .max(500)
    .refine((url) => kindOfUrl(url) !== undefined, {
      message: "must be https://…, mailto:…, or the ARN of a topic whose name begins with steward-notices-",
    }),
  events: z
    .array(z.enum(notificationEvents))
    .min(1)
    .max(notificationEvents.length)
    .default([...notificationEvents]),
  /** Of alerts only these and worse. */
  leastSeverity: z.enum(severities).optional(),
  quietHours: quietHoursSchema.optional(),
});
export type CreateNotification = z.output<typeof createNotificationSchema>;

/** `POST /notifications/{id}/confirm`: what was read there. */
export const confirmNotificationSchema = z.strictObject({ code: z.string().trim().min(1).max(40) });

export const notificationViewSchema = z.strictObject({
  id: notificationIdSchema,
  name: z.string(),
  kind: z.enum(notificationKinds),
  url: z.string(),
  events: z.array(z.enum(notificationEvents)),
  leastSeverity: z.enum(severities).optional(),
  quietHours: quietHoursSchema.optional(),
  /** False: nothing is sent there until the code that was is given back. */
  confirmed: z.boolean(),
  createdBy: principalIdSchema,
  createdAt: z.iso.datetime(),
});
export type NotificationView = z.infer<typeof notificationViewSchema>;

/** One notice on its way to one receiver. */
export const deliveryViewSchema = z.strictObject({
  id: noticeIdSchema,
  event: z.enum(noticeEvents),
  taskId: taskIdSchema.optional(),
  alertIds: z.array(alertIdSchema).optional(),
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
 * The body of a webhook, of a topic's message, and what an e-mail says in words. `id` is the same in every repetition: whoever has seen it has seen it. It says what happened and
 * where to look, never a value of a plan or an output.
 */
export const webhookBodySchema = z.strictObject({
  v: z.literal(1),
  id: noticeIdSchema,
  event: z.enum(noticeEvents),
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
  /** What `alert.…` is about, at most 25. */
  alerts: z
    .array(
      z.strictObject({
        id: alertIdSchema,
        kind: z.enum(alertKinds),
        severity: z.enum(severities),
        status: z.enum(alertStatuses),
        summary: z.string(),
        node: z.strictObject({ id: nodeIdSchema, name: z.string() }).optional(),
        startsAt: z.iso.datetime(),
        resolvedAt: z.iso.datetime().optional(),
      }),
    )
    .optional(),
  /** Of `confirm`: what to give back. */
  code: z.string().optional(),
});
export type WebhookBody = z.infer<typeof webhookBodySchema>;
