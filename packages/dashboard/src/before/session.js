// Who is signed in, and calls to the API. The access token lives in memory; the refresh token in sessionStorage, which
// ends with the tab.

const refreshKey = "steward.refresh-token";
const tenantKey = "steward.tenant";
const timeoutMs = 10_000;

/** The sign-in is missing or over: a new link is needed. */
export class SignedOut extends Error {}

/** The API did not answer, or not with what was asked for. `status` 0: no answer at all. */
export class CallFailed extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {string} [code]
   */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @type {{ token: string, endsMs: number } | undefined} */
let access;
/** @type {Promise<void> | undefined} */
let refreshing;

/**
 * Takes a `#login=…` out of the address (at once, before anything is sent, so that it stays in no history) and signs
 * in with it. Without one, an earlier sign-in of this tab goes on.
 */
export async function signIn() {
  const login = new URLSearchParams(location.hash.slice(1)).get("login");
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  if (login !== null && login !== "") {
    keep(await send("POST", "/api/v1/sessions", { body: { bootstrapToken: login } }));
    sessionStorage.removeItem(tenantKey);
    return;
  }
  if (sessionStorage.getItem(refreshKey) === null) throw new SignedOut();
}

export async function signOut() {
  try {
    if (access !== undefined) await send("DELETE", "/api/v1/sessions", { token: access.token });
  } catch {
    // The tokens are forgotten here in any case.
  }
  forget();
}

/** @returns {string | undefined} */
export function chosenTenant() {
  return sessionStorage.getItem(tenantKey) ?? undefined;
}

/** @param {string} tenantId */
export function chooseTenant(tenantId) {
  sessionStorage.setItem(tenantKey, tenantId);
}

/**
 * One GET, with a token that is renewed when it is about to end or refused. Throws `SignedOut` or `CallFailed`.
 * @param {string} path
 * @param {{ tenant?: string | undefined }} [options]
 * @returns {Promise<any>}
 */
export async function get(path, options = {}) {
  if (access === undefined || access.endsMs - Date.now() < 30_000) await refresh();
  try {
    return await send("GET", path, { token: access?.token, tenant: options.tenant });
  } catch (error) {
    if (!(error instanceof CallFailed) || error.status !== 401) throw error;
    await refresh();
    return send("GET", path, { token: access?.token, tenant: options.tenant });
  }
}

/**
 * A tab that was duplicated has the same refresh token, which is good for one use: whichever renews the session tells the
 * others. Two that do so at once are given the same.
 */
const tabs = new BroadcastChannel("steward.session");
tabs.addEventListener("message", ({ data }) => {
  const mine = sessionStorage.getItem(refreshKey);
  if (mine !== null && familyOf(mine) === familyOf(data.refreshToken)) keep(data);
});

/** What all refresh tokens of one session begin with. @param {string} refreshToken */
function familyOf(refreshToken) {
  return refreshToken.split(".")[0];
}

/** Several calls at once share one refresh: the token is good for one use. */
function refresh() {
  refreshing ??= (async () => {
    const refreshToken = sessionStorage.getItem(refreshKey);
    if (refreshToken === null) throw new SignedOut();
    try {
      const renew = () => send("POST", "/api/v1/sessions/refresh", { body: { refreshToken } });
      // A reply that was lost is fetched again at once: for a minute the same token gets the same answer.
      const session = await renew().catch((error) => {
        if (error instanceof CallFailed && (error.status === 0 || error.status >= 500)) return renew();
        throw error;
      });
      keep(session);
      tabs.postMessage(session);
    } catch (error) {
      // Refused for good; anything else (no connection) keeps the sign-in for later.
      if (!(error instanceof CallFailed) || error.status < 400 || error.status >= 500 || error.status === 429)
        throw error;
      forget();
      throw new SignedOut();
    }
  })().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

/** @param {{ accessToken: string, accessTokenExpiresAt: string, refreshToken: string }} session */
function keep(session) {
  access = { token: session.accessToken, endsMs: Date.parse(session.accessTokenExpiresAt) };
  sessionStorage.setItem(refreshKey, session.refreshToken);
}

function forget() {
  access = undefined;
  sessionStorage.removeItem(refreshKey);
  sessionStorage.removeItem(tenantKey);
}

/** Names a call for whoever looks for it: in logs, and in the trail. @param {number} bytes */
function randomHex(bytes) {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, token?: string | undefined, tenant?: string | undefined }} options
 * @returns {Promise<any>}
 */
async function send(method, path, { body, token, tenant }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json", traceparent: `00-${randomHex(16)}-${randomHex(8)}-00` };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (tenant !== undefined) headers["steward-tenant"] = tenant;
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch {
    throw new CallFailed("Steward does not answer", 0);
  }
  if (response.ok) return text === "" ? undefined : parse(text);
  const problem = parse(text);
  throw new CallFailed(problem?.detail ?? `The API answered ${response.status}`, response.status, problem?.code);
}

/**
 * @param {string} text
 * @returns {any}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
