import { z } from "zod";
import { grantSchema } from "./roles.ts";
import { tenantIdSchema } from "./ids.ts";

/** `POST /sessions`: a one-time bootstrap link's token. */
export const createSessionSchema = z.strictObject({ bootstrapToken: z.string().min(20).max(200) });
export const refreshSessionSchema = z.strictObject({ refreshToken: z.string().min(20).max(200) });
export const sessionSchema = z.strictObject({
  accessToken: z.string(),
  accessTokenExpiresAt: z.iso.datetime(),
  refreshToken: z.string(),
  refreshTokenExpiresAt: z.iso.datetime(),
  person: z.strictObject({ id: z.string(), name: z.string(), grants: z.array(grantSchema) }),
});
export type Session = z.infer<typeof sessionSchema>;

/** `POST /freeze`: nothing new starts in the scope until then. */
export const createFreezeSchema = z.strictObject({
  scope: z.union([z.literal("tenant"), z.literal("everything")]),
  reason: z.string().trim().min(1).max(500),
  until: z.iso.datetime(),
});
export const freezeViewSchema = z.strictObject({
  id: z.string(),
  scope: z.enum(["tenant", "everything"]),
  tenantId: tenantIdSchema.optional(),
  reason: z.string(),
  until: z.iso.datetime(),
  createdBy: z.string(),
});
