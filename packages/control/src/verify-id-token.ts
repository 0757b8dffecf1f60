import type { FetchOutside } from "@steward/aws/outside/fetch-outside";
import { sha256Hex } from "@steward/contracts/canonical";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { hasDuplicateNames } from "@steward/core/principal/duplicate-names";
import type { IssuerState } from "@steward/core/tenant/tenant-state";
import { jwtVerify } from "jose";
import { z } from "zod";
import { issuerKeys } from "./issuer-keys.ts";

/** Their clocks are not ours. */
const clockSkewSeconds = 60;
/** So long is a token accepted at most: from a clock that is ahead to one that is behind. */
export const idTokenLivesMs = (defaults.idTokenSeconds + 2 * clockSkewSeconds) * 1000;

const headSchema = z.looseObject({
  alg: z.string(),
  // An access or a logout token of the same issuer says so, and proves nothing here.
  typ: z.literal(["JWT", "jwt"]).optional(),
  kid: z.string().min(1).max(200).optional(),
});
/** Where else a key might come from, and what changes how a token is read: refused, not ignored. */
const unwanted = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"];

const bodySchema = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  aud: z.union([z.string(), z.array(z.string()).min(1).max(10)]),
  azp: z.string().optional(),
  nonce: z.string().optional(),
  exp: z.number(),
  iat: z.number(),
});

/**
 * Who an issuer's ID token is about (OpenID Connect Core 3.1.3.7, RFC 8725). What can be told without asking the issuer
 * is told first, so that nobody makes us ask with what is no token of it. Throws `unauthenticated`.
 *
 * `digest` names the token: of what is signed, for a signature may be written in more than one way.
 */
export async function verifyIdToken(
  deps: { fetchOutside: FetchOutside; nowMs: () => number },
  issuer: Pick<IssuerState, "url" | "clientId" | "algorithms">,
  { idToken, nonce }: { idToken: string; nonce?: string | undefined },
): Promise<{ subject: string; digest: string }> {
  const [head = "", body = "", ...rest] = idToken.split(".");
  if (rest.length !== 1) throw refused("this is no ID token");
  const header = read(head, headSchema);
  if (!issuer.algorithms.includes(header.alg)) throw refused(`the issuer's tokens are not signed with ${header.alg}`);
  if (unwanted.some((name) => name in header)) throw refused("this ID token asks to be read in another way");
  const claims = read(body, bodySchema);
  if (claims.iss !== issuer.url) throw refused("this ID token is of another issuer");
  const audiences = typeof claims.aud === "string" ? [claims.aud] : claims.aud;
  if (!audiences.includes(issuer.clientId)) throw refused("this ID token is for another application");
  if (audiences.length > 1 ? claims.azp !== issuer.clientId : (claims.azp ?? issuer.clientId) !== issuer.clientId) {
    throw refused("this ID token was given to another application");
  }
  if (nonce !== undefined && claims.nonce !== nonce) throw refused("this ID token is of another sign-in");
  if (claims.exp + clockSkewSeconds <= deps.nowMs() / 1000) throw refused("this ID token has expired");
  const keys = await issuerKeys(deps, issuer.url, header.kid);
  try {
    await jwtVerify(idToken, keys, {
      algorithms: issuer.algorithms,
      issuer: issuer.url,
      audience: issuer.clientId,
      requiredClaims: ["sub", "iat", "exp"],
      maxTokenAge: defaults.idTokenSeconds,
      clockTolerance: clockSkewSeconds,
      currentDate: new Date(deps.nowMs()),
    });
  } catch (cause) {
    throw refused("this ID token is not accepted", cause);
  }
  return { subject: claims.sub, digest: sha256Hex(`id-token ${head}.${body}`) };
}

function read<Schema extends z.ZodType>(part: string, schema: Schema): z.output<Schema> {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(part, "base64url"));
    const value: unknown = JSON.parse(text);
    if (hasDuplicateNames(text)) throw refused("this ID token says something twice");
    return schema.parse(value);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused("this is no ID token", error);
  }
}

function refused(message: string, cause?: unknown): AppError {
  return new AppError("unauthenticated", message, {
    next: "sign in again: steward login --issuer <issuer>",
    ...(cause === undefined ? {} : { cause }),
  });
}
