import { z } from "zod";
import { applianceIdSchema, personIdSchema, runIdSchema } from "./ids.ts";

/** What an action calls a secret that is made for it: `password`. */
export const generatedNameSchema = z.string().regex(/^[a-z][a-zA-Z0-9]{0,29}$/, "must be a name such as password");

/** What a tenant calls a secret of its own. */
export const tenantSecretNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, "must be a name such as wifi-key: lower-case letters, digits and -");

/** `PUT /tenant-secrets/{name}`. Short ones cannot be told from other text, and so not be kept out of outputs. */
export const setTenantSecretSchema = z.strictObject({
  value: z.string().min(8).max(4_096),
  /** Names this value, so that the same call again is the same version; what `secret:name@version` refers to. */
  version: z.uuid().optional(),
});
export const tenantSecretViewSchema = z.strictObject({
  name: tenantSecretNameSchema,
  /** Of the value in force. */
  version: z.uuid(),
  changedAt: z.iso.datetime(),
  changedBy: z.string(),
});
export type TenantSecretView = z.infer<typeof tenantSecretViewSchema>;

/** `1-0-password`: attempt, step and name of a secret that a run made. With the run's id it names the secret. */
export const secretRefSchema = z
  .string()
  .regex(/^[1-9]\d{0,3}-\d{1,2}-[a-z][a-zA-Z0-9]{0,29}$/, "must look like 1-0-password");
export function secretRefOf(place: { attempt: number; step: number; name: string }): string {
  return `${place.attempt}-${place.step}-${place.name}`;
}

export const runSecretTimes = {
  /** How long the recipient has to open it. */
  openSeconds: 86_400,
  /** After it was opened: how long the same opening gets it again, whose answer was lost. Then the value is gone. */
  againSeconds: 300,
  /** A run without a result can still get one for so long; what nobody said was used is gone then. */
  storedSeconds: 2 * 86_400,
} as const;

/** `PUT /runs/{id}/secrets/{name}`: before the step that uses it. The same value again gets the same answer. */
export const storeRunSecretSchema = z.strictObject({
  attempt: z.number().int().positive(),
  ledgerId: z.uuid(),
  step: z.number().int().min(0).max(19),
  value: z.string().min(20).max(200),
});
/** `GET /runs/{id}/secrets/{name}`: the value of a secret that a variable of this run's plan refers to. */
export const fetchSecretQuerySchema = z.strictObject({
  attempt: z.coerce.number().int().positive(),
  ledgerId: z.uuid(),
  version: z.string().max(64).optional(),
});
export const fetchedSecretSchema = z.strictObject({ value: z.string(), version: z.string() });

export const runSecretStatuses = ["stored", "waiting", "opened", "expired"] as const;
export type RunSecretStatus = (typeof runSecretStatuses)[number];

/** A secret that a run has put in force, for somebody to open: never its value. */
export const runSecretViewSchema = z.strictObject({
  runId: runIdSchema,
  ref: secretRefSchema,
  name: z.string(),
  action: z.string(),
  appliance: z.strictObject({ id: applianceIdSchema, name: z.string() }),
  /** Who alone may open it; absent where any of the tenant's admins may. */
  recipient: personIdSchema.optional(),
  status: z.enum(["waiting", "opened", "expired"]),
  /** The run was cut off in this step: the secret may be in force, or not. */
  unsure: z.boolean().optional(),
  /** Until then it can be opened. */
  expiresAt: z.iso.datetime(),
  openedAt: z.iso.datetime().optional(),
});
export type RunSecretView = z.infer<typeof runSecretViewSchema>;

/** `POST …/open`. The key makes an opening repeatable whose answer was lost: the same key gets the value again for five minutes. */
export const openRunSecretSchema = z.strictObject({ key: z.uuid() });
export const openedRunSecretSchema = z.strictObject({
  ...runSecretViewSchema.shape,
  value: z.string(),
  /** Until then the same key gets it again. */
  againUntil: z.iso.datetime(),
});
