import { type Caller, createCaller } from "@steward/contracts/caller";
import { AppError } from "@steward/contracts/errors";
import { sessionRoutes } from "@steward/contracts/routes/sessions";
import type { CreateSession, LoginOptions, Session } from "@steward/contracts/session";
import { arrivalOf, beginSignIn, finishSignIn, type Issuer, ownPath, readBegun } from "./issuer-sign-in.ts";
import { send, traceHeaders } from "./transport.ts";

/**
 * Who is signed in. The access token lives in memory; the refresh token in sessionStorage, which ends with the tab and is
 * good for one use. Nothing is kept in localStorage, and there is no cookie: another site cannot make this page's calls.
 */
const refreshKey = "steward.refresh-token";
/** While the browser is at an issuer. */
const begunKey = "steward.issuer-sign-in";

export type SignIn =
  | { state: "starting" }
  | { state: "in" }
  /** `why`: what to tell, where it is more than that nobody signed in yet. */
  | { state: "out"; why?: "link-used" | "ended" | "signed-out" | "unreachable" | "issuer"; error?: unknown };

let access: { token: string; endsMs: number } | undefined;
let refreshing: Promise<void> | undefined;
let signIn: SignIn = { state: "starting" };
const listeners = new Set<() => void>();

/** Calls without a token: those that get one. */
const open: Caller = createCaller({ baseUrl: "", transport: send, headers: traceHeaders, trustsAnswers: true });

export function watchSignIn(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function signInState(): SignIn {
  return signIn;
}

/**
 * Takes what signs in (`#login=…`, or what an issuer sent back) out of the address (at once, before anything is sent, so
 * that it stays in no history) and signs in with it. Without it, an earlier sign-in of this tab goes on.
 */
export async function startSession(): Promise<void> {
  const arrived = arrivalOf(location.hash);
  if (arrived.kind === "issuer") {
    const begun = readBegun(sessionStorage.getItem(begunKey));
    // Good for one arrival, whatever comes of it.
    sessionStorage.removeItem(begunKey);
    const finished = finishSignIn(begun, arrived, Date.now());
    history.replaceState(history.state, "", "returnTo" in finished ? finished.returnTo : location.pathname);
    if ("problem" in finished) {
      forget();
      return tell({ state: "out", why: "issuer", error: new AppError("unauthenticated", finished.problem) });
    }
    tell({ state: "starting" });
    try {
      await signInWith(finished.proof);
    } catch (error) {
      forget();
      tell({ state: "out", why: "issuer", error });
    }
    return;
  }
  if (arrived.kind === "link") {
    history.replaceState(history.state, "", location.pathname + location.search);
    tell({ state: "starting" });
    try {
      await signInWith({ bootstrapToken: arrived.token });
    } catch (error) {
      forget();
      tell({ state: "out", why: error instanceof AppError && error.retryable ? "unreachable" : "link-used" });
    }
    return;
  }
  tell(sessionStorage.getItem(refreshKey) === null ? { state: "out" } : { state: "in" });
}

/** Sends the browser to an issuer. False where it has no page for that. `invitation`: binds that account to whom it invites. */
export function signInAt(issuer: Issuer, invitation?: string): boolean {
  const gone = beginSignIn(issuer, {
    origin: location.origin,
    returnTo: ownPath(location.pathname + location.search),
    nowMs: Date.now(),
    secret: () => crypto.randomUUID() + crypto.randomUUID(),
    invitation,
  });
  if (gone === undefined) return false;
  sessionStorage.setItem(begunKey, JSON.stringify(gone.begun));
  location.assign(gone.url);
  return true;
}

/** The issuers that this page can send somebody to: the provider's, and the tenant's that the address names. */
export function loginOptions(tenant: string | undefined): Promise<LoginOptions> {
  return open(sessionRoutes.loginOptions, { query: { for: "page", ...(tenant === undefined ? {} : { tenant }) } });
}

/** Throws `AppError` where the proof is not taken. */
export async function signInWith(proof: CreateSession): Promise<void> {
  keep(await open(sessionRoutes.createSession, { body: proof }));
  tell({ state: "in" });
}

export async function signOut(): Promise<void> {
  try {
    const authorization = await authorizationHeader();
    await createCaller({ baseUrl: "", transport: send, headers: () => ({ ...traceHeaders(), authorization }) })(
      sessionRoutes.endSession,
      {},
    );
  } catch {
    // The tokens are forgotten here in any case.
  }
  forget();
  tell({ state: "out", why: "signed-out" });
}

/** A token that is good for half a minute at least. Throws `unauthenticated` when the sign-in is over. */
export async function authorizationHeader(): Promise<string> {
  if (access === undefined || access.endsMs - Date.now() < 30_000) await refresh();
  if (access === undefined) throw signedOut();
  return `Bearer ${access.token}`;
}

/** The API refused the token before its time: a new one, once. `refused`: the header that was. */
export async function renewAfter(refused: string | undefined): Promise<string> {
  if (access !== undefined && `Bearer ${access.token}` === refused) access = undefined;
  return authorizationHeader();
}

/**
 * A tab that was duplicated has the same refresh token, which is good for one use: whichever renews the session tells the
 * others. Two that do so at once are given the same.
 */
const tabs = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("steward.session");
tabs?.addEventListener("message", ({ data }: MessageEvent<Session>) => {
  const mine = sessionStorage.getItem(refreshKey);
  if (mine !== null && data.refreshToken !== undefined && familyOf(mine) === familyOf(data.refreshToken)) keep(data);
});

/** What all refresh tokens of one session begin with. */
function familyOf(refreshToken: string): string {
  return refreshToken.split(".")[0] ?? refreshToken;
}

/** Several calls at once share one refresh: the token is good for one use. */
function refresh(): Promise<void> {
  refreshing ??= renew().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

async function renew(): Promise<void> {
  const refreshToken = sessionStorage.getItem(refreshKey);
  if (refreshToken === null) {
    // A service token's session has none: it ends with its access token.
    if (signIn.state === "in") tell({ state: "out", why: "ended" });
    throw signedOut();
  }
  const ask = () => open(sessionRoutes.refreshSession, { body: { refreshToken } });
  try {
    // A reply that was lost is fetched again at once: for a minute the same token gets the same answer.
    const session = await ask().catch((error: unknown) => {
      if (error instanceof AppError && error.retryable && error.code !== "too_many_requests") return ask();
      throw error;
    });
    keep(session);
    tabs?.postMessage(session);
  } catch (error) {
    // Refused for good ends the sign-in; anything else (no connection) keeps it for later.
    if (error instanceof AppError && !error.retryable) {
      forget();
      tell({ state: "out", why: "ended" });
      throw signedOut();
    }
    throw error;
  }
}

function keep(session: Session): void {
  access = { token: session.accessToken, endsMs: Date.parse(session.accessTokenExpiresAt) };
  if (session.refreshToken === undefined) sessionStorage.removeItem(refreshKey);
  else sessionStorage.setItem(refreshKey, session.refreshToken);
}

function forget(): void {
  access = undefined;
  sessionStorage.removeItem(refreshKey);
}

function tell(next: SignIn): void {
  signIn = next;
  for (const listener of listeners) listener();
}

function signedOut(): AppError {
  return new AppError("unauthenticated", "the sign-in is over", { next: "Sign in again." });
}
