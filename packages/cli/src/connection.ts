import { type Client, createClient, type Transport } from "@steward/contracts/client";
import { AppError, hasCode } from "@steward/contracts/errors";
import type { Profile, ProfilesFile } from "@steward/contracts/profile";
import type { Session } from "@steward/contracts/session";
import { z } from "zod";
import { CliError, exitCodes, usageError } from "./exit-codes.ts";
import { listUpTo } from "./list-all.ts";
import { readProfiles, updateProfiles } from "./profiles.ts";
import { requestHeaders, requestId } from "./request-id.ts";
import { visible } from "./text/visible.ts";

/** Longer than the longest `?wait`. */
const requestTimeoutMs = 40_000;
/** A token that is about to end is renewed before it is used. */
const renewBeforeMs = 60_000;
/** Twice this is within the minute in which a refresh token may be sent again. */
const renewTimeoutMs = 15_000;

export interface Connection {
  apiUrl: string;
  /** Absent with a token of the environment. */
  profileName?: string;
  /** The typed client, signed in, for the chosen tenant. */
  call: Client;
  /** The same for another tenant. */
  inTenant: (tenantId: string) => Client;
  /** The one that is chosen; absent where the sign-in says it. */
  tenantId?: string;
}

/** What says where to and for whom: options win over the environment, that over the profile. */
export interface ConnectionChoice {
  profilesFile: string;
  profile?: string;
  /** Id or name. */
  tenant?: string;
  apiUrl?: string;
  /** A service token (`STEWARD_TOKEN`): instead of a profile's sign-in, and never stored. */
  token?: string;
}

/** Signed in with a profile, or a service token. Throws (exit code 3) where there is none. */
export async function connect(choice: ConnectionChoice): Promise<Connection> {
  const { profilesFile } = choice;
  if (choice.token !== undefined) return connectByToken(choice, choice.token);
  const { name, profile } = await chosenProfile(choice);
  const apiUrl = choice.apiUrl ?? profile.apiUrl;
  if (new URL(apiUrl).origin !== new URL(profile.apiUrl).origin) {
    throw usageError(
      `The profile ${name} belongs to ${profile.apiUrl}; its sign-in is not sent to ${apiUrl}`,
      `Sign in there first: steward login <link> --api-url ${apiUrl}`,
    );
  }

  const signedIn = (tenantId: string | undefined): Client =>
    signedInClient({ apiUrl, tenantId }, (rejected) =>
      accessToken({ profilesFile, name, apiUrl, ...(rejected === undefined ? {} : { rejected }) }),
    );
  const tenantId =
    choice.tenant === undefined ? profile.tenantId : await tenantIdOf(choice.tenant, signedIn(undefined));
  return {
    apiUrl,
    profileName: name,
    call: signedIn(tenantId),
    inTenant: signedIn,
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}

/** The token is sent to an address that was named for it, never to whatever profile happens to be the current one. */
async function connectByToken(choice: ConnectionChoice, token: string): Promise<Connection> {
  const apiUrl =
    choice.apiUrl ?? (choice.profile === undefined ? undefined : (await chosenProfile(choice)).profile.apiUrl);
  if (apiUrl === undefined) {
    throw usageError("STEWARD_TOKEN is set, but not where it is good", "Set STEWARD_API_URL, or name a --profile.");
  }
  requireEncrypted(apiUrl);
  let session: Promise<Session> | undefined;
  const trade = async (rejected?: string): Promise<string> => {
    const known = await session;
    const isUsable =
      known !== undefined &&
      known.accessToken !== rejected &&
      Date.parse(known.accessTokenExpiresAt) - Date.now() > renewBeforeMs;
    if (!isUsable) session = anonymous(apiUrl)("createSession", { body: { token } });
    return (await (session as Promise<Session>)).accessToken;
  };
  const signedIn = (tenantId: string | undefined): Client => signedInClient({ apiUrl, tenantId }, trade);
  const tenantId = choice.tenant === undefined ? undefined : await tenantIdOf(choice.tenant, signedIn(undefined));
  return {
    apiUrl,
    call: signedIn(tenantId),
    inTenant: signedIn,
    ...(tenantId === undefined ? {} : { tenantId }),
  };
}

/** What proves who somebody is goes over TLS, or stays on this machine. */
export function requireEncrypted(url: string): void {
  const { hostname, protocol } = new URL(url);
  if (protocol === "http:" && !isLoopback(hostname)) {
    throw usageError(`${url} is not encrypted: a sign-in is not sent there`, "Use https.");
  }
}

export function isLoopback(hostname: string): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
}

function signedInClient(
  { apiUrl, tenantId }: { apiUrl: string; tenantId: string | undefined },
  tokenOf: (rejected?: string) => Promise<string>,
): Client {
  return withFreshToken(async (rejected) => {
    const token = await tokenOf(rejected);
    const client = createClient({
      baseUrl: apiUrl,
      transport: httpTransport,
      headers: () => ({
        ...requestHeaders(),
        authorization: `Bearer ${token}`,
        ...(tenantId === undefined ? {} : { "steward-tenant": tenantId }),
      }),
    });
    return { token, client };
  });
}

/** For calls without a sign-in (`POST /sessions`). */
export function anonymous(apiUrl: string): Client {
  return createClient({ baseUrl: apiUrl, transport: httpTransport, headers: requestHeaders });
}

/** A tenant by id or name; a name that nobody or several have is an error that lists what there is. */
export async function tenantIdOf(given: string, call: Client): Promise<string> {
  const { items } = await listUpTo(10_000, (query) => call("listTenants", { query }));
  const byId = items.find((tenant) => tenant.id === given);
  if (byId) return byId.id;
  const byName = items.filter((tenant) => tenant.name.toLowerCase() === given.toLowerCase());
  const [only] = byName;
  if (only !== undefined && byName.length === 1) return only.id;
  const shown = items.slice(0, 20).map((tenant) => visible(tenant.name));
  const names = `${shown.join(", ")}${items.length > shown.length ? ", …" : ""}`;
  throw usageError(
    byName.length > 1
      ? `Several tenants are called ${given}: use the id`
      : `There is no tenant ${given} that you may see`,
    names === "" ? undefined : `You may see: ${names}`,
  );
}

/** A session as it is kept in a profile. */
export function sessionFields(
  session: Session,
): Pick<Profile, "refreshToken" | "accessToken" | "accessTokenExpiresAt"> {
  return {
    ...(session.refreshToken === undefined ? {} : { refreshToken: session.refreshToken }),
    accessToken: session.accessToken,
    accessTokenExpiresAt: session.accessTokenExpiresAt,
  };
}

async function chosenProfile(choice: ConnectionChoice): Promise<{ name: string; profile: Profile }> {
  const file = await readProfiles(choice.profilesFile);
  const name = choice.profile ?? file?.current;
  const profile = name === undefined ? undefined : file?.profiles[name];
  if (name !== undefined && profile !== undefined) return { name, profile };
  if (file !== undefined && choice.profile !== undefined) {
    const names = Object.keys(file.profiles).join(", ");
    throw usageError(
      `There is no profile ${choice.profile}`,
      `There are: ${names}. Or sign in: steward login <link> --profile ${choice.profile}`,
    );
  }
  throw new CliError(exitCodes.unreachable, "You are not signed in", {
    next: "Start Steward here with `npm start`, which signs you in, or use a link: steward login <link>",
  });
}

/**
 * The stored access token while it lasts, else a new one. Only one command at a time refreshes, and one that waited
 * for another uses what that one got: a refresh token may be good for one use.
 */
async function accessToken(input: {
  profilesFile: string;
  name: string;
  apiUrl: string;
  rejected?: string;
}): Promise<string> {
  const { profilesFile, name } = input;
  const usable = (file: ProfilesFile | undefined): string | undefined => {
    const profile = file?.profiles[name];
    if (profile?.accessToken === undefined || profile.accessToken === input.rejected) return undefined;
    const endsMs = Date.parse(profile.accessTokenExpiresAt ?? "");
    return endsMs - Date.now() > renewBeforeMs ? profile.accessToken : undefined;
  };
  const kept = usable(await readProfiles(profilesFile));
  if (kept !== undefined) return kept;
  const file = await updateProfiles(profilesFile, async (now) => {
    const profile = now?.profiles[name];
    if (now === undefined || profile === undefined) throw signInEnded(name);
    if (usable(now) !== undefined) return now;
    const session = await renew(input.apiUrl, profile).catch((error: unknown) => {
      if (hasCode(error, "unauthenticated") || hasCode(error, "expired")) throw signInEnded(name, error);
      throw error;
    });
    return { ...now, profiles: { ...now.profiles, [name]: { ...profile, ...sessionFields(session) } } };
  });
  const token = file.profiles[name]?.accessToken;
  if (token === undefined) throw signInEnded(name);
  return token;
}

/**
 * A refresh token is good for one use. A reply that was lost is fetched again at once: for a minute the same token gets
 * the same answer, later it would end the sign-in.
 */
async function renew(apiUrl: string, profile: Profile): Promise<Session> {
  const { refreshToken, token } = profile;
  const signal = () => AbortSignal.timeout(renewTimeoutMs);
  if (refreshToken === undefined) {
    return anonymous(apiUrl)("createSession", { body: { token: token ?? "" }, signal: signal() });
  }
  const once = () => anonymous(apiUrl)("refreshSession", { body: { refreshToken }, signal: signal() });
  try {
    return await once();
  } catch (error) {
    if (error instanceof AppError && !error.retryable) throw error;
  }
  return once().catch((error: unknown) => {
    throw error instanceof AppError ? error : unreachable(apiUrl, error);
  });
}

function signInEnded(name: string, cause?: unknown): CliError {
  return new CliError(exitCodes.unreachable, `The sign-in of the profile ${name} is over`, {
    next: "Sign in again: steward login <link> (`npm start` prints one for the local installation)",
    cause,
  });
}

/** Calls once more with a new token where the API refuses one that looked good (revoked, or another key). */
function withFreshToken(clientFor: (rejected?: string) => Promise<{ token: string; client: Client }>): Client {
  return async (name, input) => {
    const { token, client } = await clientFor();
    try {
      return await client(name, input);
    } catch (error) {
      if (hasCode(error, "unauthenticated")) return (await clientFor(token)).client(name, input);
      if (!(error instanceof z.ZodError) && !(error instanceof SyntaxError)) throw error;
      throw new CliError(exitCodes.failed, `The API answered ${name} in a shape that this steward does not know`, {
        next: "Are both of the same version?",
        cause: error,
      });
    }
  };
}

/** `fetch`, with a deadline, and failures to connect in words. */
export const httpTransport: Transport = async ({ method, url, headers, body, signal }) => {
  const deadline = AbortSignal.timeout(requestTimeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: "error",
      signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
      ...(body === undefined ? {} : { body }),
    });
    // Read here, so that a connection that breaks in the middle is the same kind of failure.
    const text = await response.text();
    return {
      status: response.status,
      text: async () => text,
      header: (name) => response.headers.get(name) ?? undefined,
    };
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw unreachable(url, error);
  }
};

function unreachable(url: string, cause: unknown): AppError {
  const { origin, hostname } = new URL(url);
  const isLocal = isLoopback(hostname);
  const timedOut = cause instanceof Error && cause.name === "TimeoutError";
  // Where nobody listens nothing has arrived, and there is nothing to look for.
  const mayHaveArrived = !/ECONNREFUSED|ENOTFOUND/.test(codeOf(cause));
  return new AppError("unavailable", timedOut ? `${origin} did not answer in time` : `${origin} cannot be reached`, {
    next: isLocal ? "Is Steward running? Start it with: npm start" : "Check the address and your connection.",
    ...(mayHaveArrived ? { details: { requestId } } : {}),
    cause,
  });
}

/** `fetch` says "fetch failed", and why in the cause. */
function codeOf(error: unknown): string {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}
