import type { CreateSession, LoginOptions } from "@steward/contracts/session";

/*
 * A sign-in at an issuer (OpenID Connect), without a call from this page to it: the browser goes there, and comes back with
 * an ID token in the fragment of the address, which no server sees (`response_type=id_token`). It holds for this page only
 * as long as the two secrets match that were made here before: `state`, that this tab began the sign-in that ends here, and
 * `nonce`, that the token was made for it; the API holds the token to that.
 */

export type Issuer = LoginOptions["issuers"][number];

/** What this tab remembers while the browser is at the issuer. */
export interface BegunSignIn {
  issuerId: string;
  state: string;
  nonce: string;
  atMs: number;
  /** The page that was wanted. */
  returnTo: string;
  /** A one-time link's token: the account is bound to whom it invites. */
  invitation?: string;
}

/** How long somebody may take at the issuer. */
const longestMs = 15 * 60_000;

/** Where the browser goes, and what to remember; undefined where the issuer has no page that can be gone to. */
export function beginSignIn(
  issuer: Issuer,
  {
    origin,
    returnTo,
    invitation,
    nowMs,
    secret,
  }: {
    origin: string;
    returnTo: string;
    invitation?: string | undefined;
    nowMs: number;
    secret: () => string;
  },
): { url: string; begun: BegunSignIn } | undefined {
  const page = issuer.authorizationUrl === undefined ? undefined : URL.parse(issuer.authorizationUrl);
  // Whatever the API says: nothing but a web page is gone to.
  if (page === null || page === undefined || !/^https?:$/.test(page.protocol)) return undefined;
  const begun: BegunSignIn = {
    issuerId: issuer.id,
    state: secret(),
    nonce: secret(),
    atMs: nowMs,
    returnTo,
    ...(invitation === undefined ? {} : { invitation }),
  };
  const asked = {
    response_type: "id_token",
    response_mode: "fragment",
    client_id: issuer.clientId,
    redirect_uri: `${origin}/`,
    scope: "openid",
    state: begun.state,
    nonce: begun.nonce,
  };
  for (const [name, value] of Object.entries(asked)) page.searchParams.set(name, value);
  return { url: page.href, begun };
}

/** What the fragment of an address is. */
export type Arrival =
  | { kind: "none" }
  | { kind: "link"; token: string }
  | { kind: "issuer"; state: string; idToken?: string; error?: string };

export function arrivalOf(hash: string): Arrival {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const text = (name: string) => said.get(name) ?? "";
  if (text("login") !== "") return { kind: "link", token: text("login") };
  const [state, idToken, error] = [text("state"), text("id_token"), text("error")];
  if (state === "" || (idToken === "" && error === "")) return { kind: "none" };
  return {
    kind: "issuer",
    state,
    ...(error === "" ? { idToken } : { error: text("error_description") || error }),
  };
}

export type Finished = { proof: CreateSession; returnTo: string } | { problem: string };

/** The proof for the API, if this tab began that sign-in, and not long ago. */
export function finishSignIn(
  begun: BegunSignIn | undefined,
  arrived: Extract<Arrival, { kind: "issuer" }>,
  nowMs: number,
): Finished {
  // Somebody else's sign-in, put into this address, would sign this person in as them.
  if (begun === undefined || begun.state !== arrived.state)
    return { problem: "This sign-in was not begun in this tab." };
  if (nowMs - begun.atMs > longestMs || begun.atMs > nowMs + 60_000) return { problem: "This sign-in took too long." };
  const { issuerId, nonce, invitation } = begun;
  if (arrived.idToken === undefined)
    return { problem: `The issuer did not sign you in: ${arrived.error ?? "it said nothing"}` };
  return {
    proof: { issuerId, idToken: arrived.idToken, nonce, ...(invitation === undefined ? {} : { invitation }) },
    returnTo: ownPath(begun.returnTo),
  };
}

/** A path of this page, and never another site. */
export function ownPath(text: string): string {
  return /^\/(?![/\\])/.test(text) ? text : "/";
}

export function readBegun(text: string | null): BegunSignIn | undefined {
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as Partial<BegunSignIn> | null;
    const isWhole =
      typeof value?.issuerId === "string" &&
      typeof value.state === "string" &&
      typeof value.nonce === "string" &&
      typeof value.atMs === "number" &&
      typeof value.returnTo === "string";
    return isWhole && value.state !== "" ? (value as BegunSignIn) : undefined;
  } catch {
    return undefined;
  }
}

/** What somebody pasted: a one-time link, its token, or a service token. */
export function pastedProof(text: string): { bootstrapToken: string } | { token: string } | undefined {
  const pasted = text.trim();
  if (/^https?:\/\//i.test(pasted)) {
    const arrived = arrivalOf(URL.parse(pasted)?.hash ?? "");
    return arrived.kind === "link" ? { bootstrapToken: arrived.token } : undefined;
  }
  const named = /^#?login=(.+)$/.exec(pasted)?.[1];
  if (named !== undefined) return { bootstrapToken: decodeURIComponent(named) };
  if (!/^[A-Za-z0-9._~-]{20,200}$/.test(pasted)) return undefined;
  return pasted.startsWith("stw_") ? { token: pasted } : { bootstrapToken: pasted };
}
