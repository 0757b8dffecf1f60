import { createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import { derToRaw, type Signer, withKey } from "@steward/aws/signing";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { principalIdSchema } from "@steward/contracts/ids";
import { z } from "zod";

/*
 * Our own access tokens, by RFC 8725: one algorithm, one type, one issuer, one audience, keys from one place. A token is
 * accepted in exactly the form in which we write it and in no other, so that nothing in it can be read in two ways.
 */

/** The public halves of the keys that sign access tokens: the one in use, and those whose tokens may still live. */
export type TokenKeys = () => Promise<readonly { keyId: string; publicKey: Uint8Array }[]>;

const maxCharacters = 2_048;
/** The clocks of two functions differ; nobody else's clock is in a token. */
const clockSkewSeconds = 5;

const issuerOf = (stage: string) => `urn:steward:${stage}`;
const audienceOf = (stage: string) => `urn:steward:${stage}:api`;

// Strict: a `jwk`, `jku`, `x5u` or `crit` is refused, not ignored.
const headSchema = z.strictObject({
  alg: z.literal("ES256"),
  typ: z.literal("at+jwt"),
  kid: z.string().regex(/^[0-9a-f]{64}$/),
});
const bodySchema = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: principalIdSchema,
  sid: z.string().regex(/^[0-9a-f]{64}$/),
  jti: z.string().regex(/^[\w-]{22}$/),
  iat: z.int().nonnegative(),
  exp: z.int().nonnegative(),
});

export async function signAccessToken(
  signer: Signer,
  input: { stage: string; principalId: string; sessionId: string; nowMs: number; expiresAtMs: number },
): Promise<string> {
  const body = encode({
    iss: issuerOf(input.stage),
    aud: audienceOf(input.stage),
    sub: input.principalId,
    sid: input.sessionId,
    jti: randomBytes(16).toString("base64url"),
    iat: Math.floor(input.nowMs / 1000),
    exp: Math.floor(input.expiresAtMs / 1000),
  } satisfies z.infer<typeof bodySchema>);
  return withKey(signer, async (key) => {
    const head = encode({ alg: "ES256", typ: "at+jwt", kid: key.keyId } satisfies z.infer<typeof headSchema>);
    const signature = withLowS(derToRaw(await key.sign(Buffer.from(`${head}.${body}`))));
    return `${head}.${body}.${Buffer.from(signature).toString("base64url")}`;
  });
}

/** Whose token it is, and of which session. Throws `unauthenticated` for all that is not one of ours, now. */
export async function verifyAccessToken(
  deps: { stage: string; nowMs: () => number; tokenKeys: TokenKeys },
  token: string,
): Promise<{ principalId: string; sessionId: string }> {
  if (token.length > maxCharacters) throw refused("this is no access token");
  const [head = "", body = "", signature = "", ...more] = token.split(".");
  if (more.length > 0) throw refused("this is no access token");
  const header = decode(head, headSchema);
  // By its name and from our own list: a token brings no key along.
  const known = (await deps.tokenKeys()).find(({ keyId }) => keyId === header.kid);
  if (known === undefined) throw refused("this access token is not one of ours");
  const raw = bytesOf(signature);
  if (raw.length !== 64 || !hasLowS(raw)) throw refused("this access token's signature is none");
  const input = Buffer.from(`${head}.${body}`);
  if (!verify("sha256", input, { key: keyOf(known), dsaEncoding: "ieee-p1363" }, raw)) {
    throw refused("this access token's signature is wrong");
  }
  const claims = decode(body, bodySchema);
  if (claims.iss !== issuerOf(deps.stage) || claims.aud !== audienceOf(deps.stage)) {
    throw refused("this access token is for another installation");
  }
  const nowSeconds = deps.nowMs() / 1000;
  if (claims.exp <= nowSeconds) throw refused("the access token has expired");
  const isYoung = claims.iat <= nowSeconds + clockSkewSeconds;
  if (!isYoung || claims.exp - claims.iat > defaults.accessTokenSeconds) {
    throw refused("this access token's times are not right");
  }
  return { principalId: claims.sub, sessionId: claims.sid };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Written as `encode` writes it, byte for byte: no second spelling, no name twice, no space, no padding. */
function decode<Schema extends z.ZodType>(part: string, schema: Schema): z.output<Schema> {
  try {
    const text = bytesOf(part).toString("utf8");
    const value: unknown = JSON.parse(text);
    if (JSON.stringify(value) !== text) throw refused("this access token is not in the form in which we write it");
    return schema.parse(value);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused("this access token is not one of ours", error);
  }
}

function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.length === 0 || bytes.toString("base64url") !== part) throw refused("this is no access token");
  return bytes;
}

const parsedKeys = new Map<string, KeyObject>();

function keyOf({ keyId, publicKey }: { keyId: string; publicKey: Uint8Array }): KeyObject {
  const known = parsedKeys.get(keyId);
  if (known !== undefined) return known;
  const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  if (key.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw refused("this key signs no access tokens");
  parsedKeys.set(keyId, key);
  return key;
}

/** The order of P-256. Of (r, s) and (r, n − s), which both verify, only the one with the lower s is a token's. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function sOf(raw: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(raw.subarray(32)).toString("hex")}`);
}

function hasLowS(raw: Uint8Array): boolean {
  return sOf(raw) <= order / 2n;
}

function withLowS(raw: Uint8Array): Uint8Array {
  if (hasLowS(raw)) return raw;
  const s = (order - sOf(raw)).toString(16).padStart(64, "0");
  return Buffer.concat([raw.subarray(0, 32), Buffer.from(s, "hex")]);
}

function refused(message: string, cause?: unknown): AppError {
  return new AppError("unauthenticated", message, {
    next: "sign in again: steward login <link>",
    ...(cause === undefined ? {} : { cause }),
  });
}
