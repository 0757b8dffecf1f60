import { z } from "zod";
import { momentSchema } from "./bounded.ts";
import { issuerIdSchema, principalIdSchema, tenantIdSchema } from "./ids.ts";
import { grantSchema } from "./roles.ts";

/**
 * `POST /sessions`, with exactly one proof: a one-time link's token, a service token, or an issuer's ID token. With an
 * ID token, `invitation` (a one-time link's token) binds that identity to the person who was invited.
 */
export const createSessionSchema = z
  .strictObject({
    bootstrapToken: z.string().min(20).max(200).optional(),
    token: z.string().min(20).max(200).optional(),
    issuerId: issuerIdSchema.optional(),
    idToken: z.string().min(20).max(8_192).optional(),
    nonce: z.string().min(1).max(200).optional(),
    invitation: z.string().min(20).max(200).optional(),
  })
  .refine(
    (body) => [body.bootstrapToken, body.token, body.idToken].filter((proof) => proof !== undefined).length === 1,
    { message: "give one of bootstrapToken, token, and idToken with issuerId", path: ["bootstrapToken"] },
  )
  .refine((body) => (body.idToken === undefined) === (body.issuerId === undefined), {
    message: "issuerId and idToken belong together",
    path: ["issuerId"],
  })
  .refine((body) => body.idToken !== undefined || (body.nonce === undefined && body.invitation === undefined), {
    message: "belongs to an idToken",
    path: ["invitation"],
  });
export type CreateSession = z.infer<typeof createSessionSchema>;

export const refreshSessionSchema = z.strictObject({ refreshToken: z.string().min(20).max(200) });

export const principalSchema = z.strictObject({
  kind: z.enum(["person", "token"]),
  id: principalIdSchema,
  name: z.string(),
  grants: z.array(grantSchema),
});

/** A service token gets no refresh token: it is traded again. */
export const sessionSchema = z.strictObject({
  accessToken: z.string(),
  accessTokenExpiresAt: z.iso.datetime(),
  refreshToken: z.string().optional(),
  refreshTokenExpiresAt: z.iso.datetime().optional(),
  principal: principalSchema,
});
export type Session = z.infer<typeof sessionSchema>;

/**
 * `GET /login-options`: the issuers that somebody of this tenant can sign in with, beside a one-time link and a token.
 * By id, which nobody guesses: an unknown one is answered like one without issuers of its own.
 */
export const loginOptionsSchema = z.strictObject({
  issuers: z.array(
    z.strictObject({
      id: issuerIdSchema,
      name: z.string(),
      url: z.url(),
      clientId: z.string(),
      emailDomain: z.string().optional(),
      /** Where a browser is sent to sign in (`response_type=id_token`), if it was asked for and the issuer does that. */
      authorizationUrl: z.url({ protocol: /^https?$/ }).optional(),
    }),
  ),
});
export type LoginOptions = z.infer<typeof loginOptionsSchema>;
export const loginOptionsQuery = z.strictObject({
  tenant: tenantIdSchema.optional(),
  /** `page`: also where a browser signs in. Each issuer is asked for it, and remembered for a while. */
  for: z.enum(["program", "page"]).default("program"),
});

/** `POST /freeze`: nothing new starts in the scope until then. */
export const createFreezeSchema = z.strictObject({
  scope: z.union([z.literal("tenant"), z.literal("everything")]),
  reason: z.string().trim().min(1).max(500),
  until: momentSchema,
});
export const freezeViewSchema = z.strictObject({
  id: z.string(),
  scope: z.enum(["tenant", "everything"]),
  tenantId: tenantIdSchema.optional(),
  reason: z.string(),
  until: z.iso.datetime(),
  createdBy: z.string(),
});
