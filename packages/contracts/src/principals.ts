import { z } from "zod";
import { defaults } from "./defaults.ts";
import { issuerIdSchema, personIdSchema, tenantIdSchema, tokenIdSchema } from "./ids.ts";
import { grantSchema } from "./roles.ts";

/** What a person or a token is called: shown in tables and in the audit trail. */
const nameSchema = z.string().trim().min(1).max(100);

const grantsSchema = z
  .array(grantSchema)
  .max(20)
  .refine((grants) => new Set(grants.map((grant) => grant.tenant)).size === grants.length, {
    message: "one role for each tenant",
  });

/** `POST /principals`: a person, and the one-time link that is shown once. */
export const invitePrincipalSchema = z.strictObject({
  name: nameSchema,
  email: z.email().max(254).optional(),
  grants: grantsSchema.min(1),
});

/**
 * `PUT /principals/{id}`. `grants` replaces the grants that the caller sees: those in its own tenant, or all for the
 * provider's staff. What is absent stays as it is.
 */
export const changePrincipalSchema = z
  .strictObject({ grants: grantsSchema.optional(), disabled: z.boolean().optional() })
  .refine((body) => body.grants !== undefined || body.disabled !== undefined, {
    message: "give grants, or disabled",
    path: ["grants"],
  });

export const personStatuses = ["invited", "active", "disabled"] as const;

/** A person, as the admins of one tenant see it. */
export const personViewSchema = z.strictObject({
  id: personIdSchema,
  name: z.string(),
  email: z.string().optional(),
  status: z.enum(personStatuses),
  grants: z.array(grantSchema),
  createdAt: z.iso.datetime(),
});
export type PersonView = z.infer<typeof personViewSchema>;

/** A one-time link's token. `/#login=<token>` of the page, or `steward login`, takes it. */
export const oneTimeLinkSchema = z.strictObject({ token: z.string(), expiresAt: z.iso.datetime() });
export const invitationSchema = z.strictObject({ person: personViewSchema, link: oneTimeLinkSchema });

/** Roles of service tokens: what approves is a person. */
export const tokenRoles = ["viewer", "operator", "admin"] as const;
const tokenGrantSchema = z.strictObject({ ...grantSchema.shape, role: z.enum(tokenRoles) });

/** `POST /tokens`. Days, not a date: the caller's clock does not matter. */
export const createTokenSchema = z.strictObject({
  name: nameSchema,
  grants: z
    .array(tokenGrantSchema)
    .min(1)
    .max(20)
    .refine((grants) => new Set(grants.map((grant) => grant.tenant)).size === grants.length, {
      message: "one role for each tenant",
    }),
  days: z.number().int().min(1).max(defaults.maxTokenDays).default(defaults.tokenDays),
});

export const tokenViewSchema = z.strictObject({
  id: tokenIdSchema,
  tenantId: tenantIdSchema,
  name: z.string(),
  /** What it was made for. */
  grants: z.array(tokenGrantSchema),
  /** What it can do now: never more than its maker. Nothing: the maker lost its role. */
  effectiveGrants: z.array(tokenGrantSchema),
  createdBy: z.strictObject({ id: personIdSchema, name: z.string() }),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
  /** To the hour. */
  lastUsedAt: z.iso.datetime().optional(),
});
export type TokenView = z.infer<typeof tokenViewSchema>;

/** The one time that the token itself is shown. */
export const madeTokenSchema = z.strictObject({ token: z.string(), view: tokenViewSchema });

/** Signature algorithms that an issuer may use: asymmetric ones. A client's secret never verifies. */
export const issuerAlgorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "EdDSA",
] as const;

/** `POST /issuers`: who else may say who somebody is (OpenID Connect). */
export const createIssuerSchema = z.strictObject({
  name: nameSchema,
  /** Exactly as its tokens name it in `iss`. */
  url: z
    .url({ protocol: /^https?$/, error: "must be an https address" })
    .max(500)
    // Without TLS only on this machine, which nothing but a local installation is ever let reach.
    .refine((url) => /^https:|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url), "must be an https address")
    .refine((url) => !/[?#]/.test(url), "must have no query and no fragment"),
  /** The client id that Steward has there: `aud` of its tokens. */
  clientId: z.string().trim().min(1).max(200),
  algorithms: z.array(z.enum(issuerAlgorithms)).min(1).max(issuerAlgorithms.length).default(["RS256", "ES256"]),
  /** Shown to people who sign in, nothing more: an address of mail proves nobody. */
  emailDomain: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,250}$/, "must be a domain in lower case")
    .optional(),
});

export const issuerViewSchema = z.strictObject({
  id: issuerIdSchema,
  tenantId: tenantIdSchema,
  name: z.string(),
  url: z.string(),
  clientId: z.string(),
  algorithms: z.array(z.enum(issuerAlgorithms)),
  emailDomain: z.string().optional(),
  /** `tenant`: its sessions are good for this tenant alone, whatever else the person may. */
  scope: z.enum(["tenant", "everything"]),
  createdAt: z.iso.datetime(),
});
export type IssuerView = z.infer<typeof issuerViewSchema>;
