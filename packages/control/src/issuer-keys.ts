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
  /** Where a browser signs in and brings an ID token back; absent where it cannot. */
  authorizationUrl?: string;
  fetchedAtMs: number;
}

const maxAgeMs = 600_000;
const coolDownMs = 60_000;
const failureMs = 10_000;
const maxIssuers = 200;
const request = { maxBytes: 256 * 1024, timeoutMs: 5_000 };

const discoverySchema = z.looseObject({ issuer: z.string(), jwks_uri: z.string().max(2_000) });
/** What else it says, of use only where all of it can be read. */
const browserSchema = z.looseObject({
  authorization_endpoint: z.url({ protocol: /^https?$/ }).max(2_000),
  response_types_supported: z.array(z.string()).max(100).default(["id_token"]),
  response_modes_supported: z.array(z.string()).max(100).default(["query", "fragment"]),
});
// A key that is for something else, or that is no public key, is not among those that a signature is checked with.
const jwksSchema = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional() })).max(100),
});

interface Deps {
  fetchOutside: FetchOutside;
  nowMs: () => number;
}

const known = new Map<string, Known>();
const running = new Map<string, Promise<Known>>();
const failed = new Map<string, { error: unknown; untilMs: number }>();

export async function issuerKeys(deps: Deps, url: string, kid: string | undefined): Promise<KeySet> {
  return (await issuerOf(deps, url, kid)).keys;
}

/** Where a browser is sent; undefined where the issuer has no sign-in that brings an ID token back, or does not answer. */
export async function issuerPage(deps: Deps, url: string): Promise<string | undefined> {
  const found = await issuerOf(deps, url, undefined).catch(() => undefined);
  return found?.authorizationUrl;
}

async function issuerOf(deps: Deps, url: string, kid: string | undefined): Promise<Known> {
  const nowMs = deps.nowMs();
  const have = known.get(url);
  if (have !== undefined) {
    const ageMs = nowMs - have.fetchedAtMs;
    const isKnown = kid === undefined || have.kids.has(kid);
    if (isKnown ? ageMs < maxAgeMs : ageMs < coolDownMs) return have;
  }
  const before = failed.get(url);
  if (before !== undefined && before.untilMs > nowMs) throw before.error;
  const loading = running.get(url) ?? load(deps, url).finally(() => running.delete(url));
  running.set(url, loading);
  return loading;
}

async function load(deps: Deps, url: string): Promise<Known> {
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
      ...pageOf(discovery.data),
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

/** A page that is less guarded than the issuer itself would give tokens away. */
function pageOf(discovery: { issuer: string }): { authorizationUrl?: string } {
  const browser = browserSchema.safeParse(discovery);
  if (!browser.success) return {};
  const {
    authorization_endpoint: url,
    response_types_supported: types,
    response_modes_supported: modes,
  } = browser.data;
  const isGuarded = new URL(url).protocol === "https:" || new URL(discovery.issuer).protocol === "http:";
  return isGuarded && types.includes("id_token") && modes.includes("fragment") ? { authorizationUrl: url } : {};
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
