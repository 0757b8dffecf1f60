import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arrivalOf, beginSignIn, finishSignIn, ownPath, pastedProof, readBegun } from "./issuer-sign-in.ts";

const issuer = {
  id: "iss_1",
  name: "Example",
  url: "https://idp.example.com",
  clientId: "steward",
  authorizationUrl: "https://idp.example.com/authorize?tenant=7&state=theirs",
};
const now = 1_000_000;
let made = 0;
const begin = (change: object = {}) => {
  const found = beginSignIn(issuer, {
    origin: "https://steward.example.org",
    returnTo: "/tasks?tenant=ten_1",
    nowMs: now,
    secret: () => `secret-${(made += 1)}`,
    ...change,
  });
  if (found === undefined) throw new Error("no page");
  return found;
};
const back = (state: string) => arrivalOf(`#id_token=a.b.c&state=${state}`) as Parameters<typeof finishSignIn>[1];

describe("a sign-in at an issuer", () => {
  test("asks for an ID token in the fragment, for this page, with secrets of its own", () => {
    const { url, begun } = begin();
    const { origin, searchParams } = new URL(url);
    expect(origin).toBe("https://idp.example.com");
    expect(Object.fromEntries(searchParams)).toEqual({
      tenant: "7",
      response_type: "id_token",
      response_mode: "fragment",
      client_id: "steward",
      redirect_uri: "https://steward.example.org/",
      scope: "openid",
      state: begun.state,
      nonce: begun.nonce,
    });
    expect(begun.state).not.toBe(begun.nonce);
    expect(begin().begun.state).not.toBe(begun.state);
  });

  test("goes to web pages alone", () => {
    for (const authorizationUrl of [undefined, "javascript:alert(1)", "data:text/html,x", "not a url"]) {
      const gone = beginSignIn(
        { ...issuer, authorizationUrl },
        { origin: "https://x", returnTo: "/", nowMs: 0, secret: () => "s" },
      );
      expect(gone).toBeUndefined();
    }
  });

  test("ends with a proof that names the nonce, and at the page that was wanted", () => {
    const { begun } = begin({ invitation: "invitation-of-somebody" });
    expect(finishSignIn(readBegun(JSON.stringify(begun)), back(begun.state), now + 60_000)).toEqual({
      proof: { issuerId: "iss_1", idToken: "a.b.c", nonce: begun.nonce, invitation: "invitation-of-somebody" },
      returnTo: "/tasks?tenant=ten_1",
    });
  });

  test("that this tab did not begin signs nobody in", () => {
    const { begun } = begin();
    const arrived = back(begun.state);
    expect(finishSignIn(undefined, arrived, now)).toHaveProperty("problem");
    expect(finishSignIn({ ...begun, state: "other" }, arrived, now)).toHaveProperty("problem");
    expect(finishSignIn(begun, arrived, now + 16 * 60_000)).toHaveProperty("problem");
    for (const nothing of [null, "", "{", "null", "7", '{"state":""}', JSON.stringify({ ...begun, nonce: 7 })]) {
      expect(readBegun(nothing)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (state) => {
        fc.pre(state !== begun.state);
        const forged = { kind: "issuer" as const, state, idToken: "a.b.c" };
        expect(finishSignIn(begun, forged, now)).not.toHaveProperty("proof");
      }),
    );
  });

  test("that the issuer refused says why", () => {
    const { begun } = begin();
    const arrived = arrivalOf(`#error=access_denied&error_description=not+today&state=${begun.state}`);
    expect(arrived.kind === "issuer" && finishSignIn(begun, arrived, now)).toEqual({
      problem: "The issuer did not sign you in: not today",
    });
  });
});

test("a fragment is a link, an arrival, or neither", () => {
  expect(arrivalOf("#login=abc")).toEqual({ kind: "link", token: "abc" });
  for (const none of ["", "#", "#heading", "#id_token=a.b.c", "#state=x", "#login="])
    expect(arrivalOf(none)).toEqual({ kind: "none" });
});

test("nobody is led to another site", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webUrl(),
        fc.string().map((text) => `/${text}`),
      ),
      (text) => {
        expect(new URL(ownPath(text), "https://steward.example.org").origin).toBe("https://steward.example.org");
      },
    ),
  );
  expect(ownPath("//evil.example")).toBe("/");
  expect(ownPath("/\\evil.example")).toBe("/");
  expect(ownPath("/tasks?x=1")).toBe("/tasks?x=1");
});

test("what is pasted is known by its shape", () => {
  const token = "A".repeat(43);
  expect(pastedProof(` https://steward.example.org/#login=${token}\n`)).toEqual({ bootstrapToken: token });
  expect(pastedProof(`#login=${token}`)).toEqual({ bootstrapToken: token });
  expect(pastedProof(token)).toEqual({ bootstrapToken: token });
  expect(pastedProof(`stw_${token}`)).toEqual({ token: `stw_${token}` });
  for (const none of ["", "short", "https://steward.example.org/", "two words that are long enough to be one"])
    expect(pastedProof(none)).toBeUndefined();
});
