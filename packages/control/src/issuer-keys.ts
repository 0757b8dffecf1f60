import type { FetchOutside } from "@steward/aws/outside/fetch-outside";
import { AppError } from "@steward/contracts/errors";
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { z } from "zod";

/*
 * The keys of issuers, as they publish them. Remembered for a while, and asked for sooner where a token names a key that
 * is not among them; but never more often than the cool-down says, whatever anybody sends: the route is open.
 */

export type KeySet = ReturnType<typeof createLocalJWKSet>;

interface Known {
  keys: KeySet;
  kids: ReadonlySet<string>;
  fetchedAtMs: number;
}

const maxAgeMs = 600_000;
const coolDownMs = 60_000;
const failureMs = 10_000;
const maxIssuers = 200;
const request = { maxBytes: 256 * 1024, timeoutMs: 5_000 };

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.string().max(2_000) });
// A key that is for something else, or that is no public key, is not among those that a signature is checked with.
const jwksSchema = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(100),
});

const known = new Map<string, Known>();
const running = new Map<string, Promise<Known>>();
const failed = new Map<string, { error: unknown; untilMs: number }>();

export async function issuerKeys(
  deps: { fetchOutside: FetchOutside; nowMs: () => number },
  url: string,
  kid: string | undefined,
): Promise<KeySet> {
  const nowMs = deps.nowMs();
  const have = known.get(url);
  if (have !== undefined) {
    const ageMs = nowMs - have.fetchedAtMs;
    const isKnown = kid === undefined || have.kids.has(kid);
    if (isKnown ? ageMs < maxAgeMs : ageMs < coolDownMs) return have.keys;
  }
  const before = failed.get(url);
  if (before !== undefined && before.untilMs > nowMs) throw before.error;
  const loading = running.get(url) ?? load(deps, url).finally(() => running.delete(url));
  running.set(url, loading);
  return (await loading).keys;
}

async function load(deps: { fetchOutside: FetchOutside; nowMs: () => number }, url: string): Promise<Known> {
  const fetchedAtMs = deps.nowMs();
  try {
    const discovery = discoverySchema.safeParse(await readJson(deps, discoveryUrl(url)));
    // Exactly: an issuer that answers for another one could let anybody in (RFC 8414, 3.3).
    if (!discovery.success || discovery.data.issuer !== url) {
      throw wrong(`${url} does not describe itself as the issuer ${url}`);
    }
    const jwks = jwksSchema.safeParse(await readJson(deps, discovery.data.jwks_uri));
    if (!jwks.success) throw wrong(`the keys of ${url} are not readable`);
    const usable = jwks.data.keys.filter((key) => key.kty !== "oct");
    const loaded: Known = {
      keys: createLocalJWKSet({ keys: usable } as JSONWebKeySet),
      kids: new Set(usable.flatMap((key) => (key.kid === undefined ? [] : [key.kid]))),
      fetchedAtMs,
    };
    if (known.size >= maxIssuers) known.clear();
    known.set(url, loaded);
    failed.delete(url);
    return loaded;
  } catch (error) {
    if (failed.size >= maxIssuers) failed.clear();
    failed.set(url, { error, untilMs: fetchedAtMs + failureMs });
    throw error;
  }
}

export function discoveryUrl(url: string): string {
  return `${url.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

async function readJson(deps: { fetchOutside: FetchOutside }, url: string): Promise<unknown> {
  const answer = await deps.fetchOutside(url, { ...request, headers: { accept: "application/json" } });
  if (answer.status !== 200) throw wrong(`${new URL(url).origin} answered ${answer.status}`);
  try {
    return JSON.parse(Buffer.from(answer.body).toString("utf8"));
  } catch (cause) {
    throw wrong(`${new URL(url).origin} did not answer with JSON`, cause);
  }
}

function wrong(message: string, cause?: unknown): AppError {
  return new AppError("unprocessable", message, {
    next: "Check the issuer's address: its discovery document must name exactly that one.",
    ...(cause === undefined ? {} : { cause }),
  });
}
