import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { fetchOutside } from "@steward/aws/outside/fetch-outside";
import { createCertificate } from "@steward/aws/records/certificate";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { createIssuerSchema } from "@steward/contracts/principals";
import type { RoleGrant } from "@steward/contracts/roles";
import { createAuthenticator } from "@steward/control/authenticate";
import { signInLink } from "@steward/control/certificate-session";
import type { Caller } from "@steward/control/context";
import { createIssuer, removeIssuer } from "@steward/control/issuers";
import { createLink, invitePrincipal } from "@steward/control/principals";
import { createSession } from "@steward/control/create-session";
import { loginOptions, refreshSession } from "@steward/control/sessions";
import type { CertificateState } from "@steward/core/certificate/certificate-state";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import {
  hmacParts,
  newIssuerKey,
  part,
  type ScriptedIssuer,
  signParts,
  startScriptedIssuer,
} from "./support/scripted-issuer.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const keyId = createHash("sha256").update(spki).digest("hex");
const key = {
  keyId,
  publicKey: spki,
  sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
};
const signer = { key: async () => key };

let house: House;
let idp: ScriptedIssuer;
let admin: Caller;
beforeEach(async () => {
  [house, idp] = await Promise.all([openHouse(), startScriptedIssuer()]);
  admin = await house.tenant();
});
afterEach(() => Promise.all([house.stop(), idp.close()]));

const deps = () => ({
  ...house,
  signer,
  fetchOutside: (url: string, request: Parameters<typeof fetchOutside>[1]) =>
    fetchOutside(url, request, { listedHosts: new Set([idp.host]) }),
});
const authenticate = (accessToken: string) =>
  createAuthenticator({ ...house, tokenKeys: async () => [{ keyId, publicKey: spki }] })(`Bearer ${accessToken}`);
const is = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);

const clientId = "steward-cli";
const setUp = (caller = admin, client = clientId) =>
  createIssuer(house, caller, createIssuerSchema.parse({ name: "Example", url: idp.url, clientId: client }));
const idToken = (subject: string, options: Partial<Parameters<ScriptedIssuer["idToken"]>[1]> = {}) =>
  idp.idToken(subject, { clientId, nowMs: house.nowMs(), ...options });
const invite = (caller = admin, grants: RoleGrant[] = [{ tenant: caller.tenantId, role: "operator" }]) =>
  invitePrincipal(house, caller, { name: "Bea", grants });
async function asStaff(tenantId: string): Promise<Caller> {
  const person = await getPerson(house.table, admin.principal.id);
  if (person === undefined) throw new Error("nobody");
  const grants: RoleGrant[] = [{ tenant: "*", role: "admin" }];
  await commit(house.table, [replacePerson(person, { ...person, version: person.version + 1, grants })]);
  return { ...admin, tenantId, principal: { ...admin.principal, grants } };
}

describe("membership", () => {
  it("being known to the issuer makes nobody a member; an invitation binds the account, once and for good", async () => {
    const { id: issuerId } = await setUp();
    const alone = createSession(deps(), { issuerId, idToken: idToken("bea") });
    await expect(alone).rejects.toSatisfy(is("forbidden"));
    const { person, link } = await invite();
    const bound = await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    expect(bound.principal.id).toBe(person.id);
    const later = await createSession(deps(), { issuerId, idToken: idToken("bea") });
    expect(later.principal.id).toBe(person.id);
    // The link is used up, for the account as for a browser.
    await expect(createSession(deps(), { bootstrapToken: link.token })).rejects.toSatisfy(is("unauthenticated"));
    const other = createSession(deps(), { issuerId, idToken: idToken("eve"), invitation: link.token });
    await expect(other).rejects.toSatisfy(is("unauthenticated"));
  });

  it("of twenty accounts that one invitation is used with at once, one is bound", async () => {
    const { id: issuerId } = await setUp();
    const { person, link } = await invite();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        createSession(deps(), { issuerId, idToken: idToken(`somebody-${index}`), invitation: link.token }),
      ),
    );
    expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    const again = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        createSession(deps(), { issuerId, idToken: idToken(`somebody-${index}`) }),
      ),
    );
    const members = again.flatMap((one) => (one.status === "fulfilled" ? [one.value.principal.id] : []));
    expect(members).toEqual([person.id]);
  });

  it("an account that is one person's is never another's", async () => {
    const { id: issuerId } = await setUp();
    const first = await invite();
    await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: first.link.token });
    const second = await invite();
    const taken = createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: second.link.token });
    await expect(taken).rejects.toSatisfy(is("unprocessable"));
    // Nothing was used up by that.
    await createSession(deps(), { issuerId, idToken: idToken("carl"), invitation: second.link.token });
  });
});

describe("a tenant's issuer", () => {
  it("never gives everything nor another tenant, whatever its person may there", async () => {
    const { id: issuerId } = await setUp();
    const other = await house.tenant();
    const { person, link } = await invite();
    await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    const record = await getPerson(house.table, person.id);
    if (record === undefined) throw new Error("nobody");
    const grants: RoleGrant[] = [
      { tenant: admin.tenantId, role: "viewer" },
      { tenant: other.tenantId, role: "admin" },
      { tenant: "*", role: "admin" },
    ];
    await commit(house.table, [replacePerson(record, { ...record, version: record.version + 1, grants })]);
    const session = await createSession(deps(), { issuerId, idToken: idToken("bea") });
    const own = [{ tenant: admin.tenantId, role: "viewer" }];
    expect(session.principal.grants).toEqual(own);
    expect((await authenticate(session.accessToken)).principal.grants).toEqual(own);
    const renewed = await refreshSession(deps(), { refreshToken: session.refreshToken ?? "" });
    expect((await authenticate(renewed.accessToken)).principal.grants).toEqual(own);
  });

  it("that two tenants have with clients of their own, keeps their people apart", async () => {
    const other = await house.tenant();
    const [mine, theirs] = [await setUp(admin, "client-a"), await setUp(other, "client-b")];
    const here = await invite(admin);
    const there = await invite(other);
    const tokenA = () => idToken("bea", { clientId: "client-a" });
    const tokenB = () => idToken("bea", { clientId: "client-b" });
    const a = await createSession(deps(), { issuerId: mine.id, idToken: tokenA(), invitation: here.link.token });
    // The same account, unknown over there, and no token of the one is good for the other.
    await expect(createSession(deps(), { issuerId: theirs.id, idToken: tokenB() })).rejects.toSatisfy(is("forbidden"));
    await expect(createSession(deps(), { issuerId: theirs.id, idToken: tokenA() })).rejects.toSatisfy(
      is("unauthenticated"),
    );
    const b = await createSession(deps(), { issuerId: theirs.id, idToken: tokenB(), invitation: there.link.token });
    expect([a.principal.id, b.principal.id]).toEqual([here.person.id, there.person.id]);
    // An invitation of one tenant is of no use with the other's issuer.
    const more = await invite(other);
    const crossed = createSession(deps(), {
      issuerId: mine.id,
      idToken: idToken("dora", { clientId: "client-a" }),
      invitation: more.link.token,
    });
    await expect(crossed).rejects.toSatisfy(is("forbidden"));
  });

  it("does not turn a link that is good for one tenant into an account that is good for all", async () => {
    const { person } = await invite();
    const record = await getPerson(house.table, person.id);
    if (record === undefined) throw new Error("nobody");
    const grants: RoleGrant[] = [
      { tenant: admin.tenantId, role: "operator" },
      { tenant: "*", role: "admin" },
    ];
    await commit(house.table, [replacePerson(record, { ...record, version: record.version + 1, grants })]);
    const link = await createLink(house, admin, { personId: person.id });
    const everywhere = await setUp(await asStaff("ten_provider"), "provider-client");
    expect(everywhere.scope).toBe("everything");
    const token = () => idToken("eve", { clientId: "provider-client" });
    const own = [{ tenant: admin.tenantId, role: "operator" }];
    const bound = await createSession(deps(), { issuerId: everywhere.id, idToken: token(), invitation: link.token });
    expect(bound.principal.grants).toEqual(own);
    expect((await createSession(deps(), { issuerId: everywhere.id, idToken: token() })).principal.grants).toEqual(own);
  });

  it("nor an account that an invitation bound before its person was given more; the staff's own link frees it", async () => {
    const staff = await asStaff("ten_provider");
    const everywhere = await setUp(staff, "provider-client");
    const token = () => idToken("bea", { clientId: "provider-client" });
    const tenant = await house.tenant();
    const { person, link } = await invite(tenant);
    await createSession(deps(), { issuerId: everywhere.id, idToken: token(), invitation: link.token });
    const record = await getPerson(house.table, person.id);
    if (record === undefined) throw new Error("nobody");
    const grants: RoleGrant[] = [...person.grants, { tenant: admin.tenantId, role: "admin" }];
    await commit(house.table, [replacePerson(record, { ...record, version: record.version + 1, grants })]);
    const before = await createSession(deps(), { issuerId: everywhere.id, idToken: token() });
    expect(before.principal.grants).toEqual(person.grants);
    const invitation = (await createLink(house, { ...staff, tenantId: tenant.tenantId }, { personId: person.id }))
      .token;
    const freed = await createSession(deps(), { issuerId: everywhere.id, idToken: token(), invitation });
    expect(freed.principal.grants).toEqual(grants);
    const after = await createSession(deps(), { issuerId: everywhere.id, idToken: token() });
    expect(after.principal.grants).toEqual(grants);
  });

  it("does not bind an account with the link of a browser's certificate, which is limited and ends", async () => {
    const everywhere = await setUp(await asStaff("ten_provider"), "provider-client");
    const person = await getPerson(house.table, admin.principal.id);
    if (person === undefined) throw new Error("nobody");
    const certificate: CertificateState = {
      v: 1,
      version: 1,
      certificateId: newId("certificate", house.nowMs()),
      kind: "user",
      fingerprint: "f".repeat(64),
      serial: "1",
      tenantId: admin.tenantId,
      holderId: person.personId,
      holderName: person.name,
      keyFingerprint: "e".repeat(64),
      asked: { epoch: 0, limitTo: admin.tenantId },
      pem: "",
      issuedAtMs: house.nowMs(),
      notAfterMs: house.nowMs() + 86_400_000,
    };
    await commit(house.table, [createCertificate(certificate)]);
    const invitation = await signInLink(house, { person, certificate, requestId: "request" });
    const token = () => idToken("eve", { clientId: "provider-client" });
    const bound = createSession(deps(), { issuerId: everywhere.id, idToken: token(), invitation });
    await expect(bound).rejects.toSatisfy(is("forbidden"));
    await expect(createSession(deps(), { issuerId: everywhere.id, idToken: token() })).rejects.toSatisfy(
      is("forbidden"),
    );
    // It is still what it was made for.
    expect((await createSession(deps(), { bootstrapToken: invitation })).principal.grants).toEqual([]);
  });

  it("that is removed signs nobody in, and out whoever came by it", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const session = await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    await removeIssuer(house, admin, { issuerId });
    await expect(authenticate(session.accessToken)).rejects.toSatisfy(is("unauthenticated"));
    const renewed = refreshSession(deps(), { refreshToken: session.refreshToken ?? "" });
    await expect(renewed).rejects.toSatisfy(is("unauthenticated"));
    await expect(createSession(deps(), { issuerId, idToken: idToken("bea") })).rejects.toSatisfy(is("unauthenticated"));
  });

  it("that is good for everything is removed by the staff, not by an admin of the provider's own tenant", async () => {
    const staff = await asStaff("ten_provider");
    const { id: issuerId } = await setUp(staff);
    const grants: RoleGrant[] = [{ tenant: "ten_provider", role: "admin" }];
    const provider = { ...staff, principal: { ...staff.principal, grants } };
    await expect(removeIssuer(house, provider, { issuerId })).rejects.toSatisfy(is("forbidden"));
    const { id: own } = await setUp(provider, "provider's own");
    await removeIssuer(house, provider, { issuerId: own });
    await removeIssuer(house, staff, { issuerId });
  });

  it("is shown to whoever knows the tenant's id; who is not there looks like who has none", async () => {
    const { id } = await setUp();
    const other = await house.tenant();
    expect((await loginOptions(deps(), { tenant: admin.tenantId })).issuers.map((one) => one.id)).toEqual([id]);
    const none = await loginOptions(deps(), { tenant: other.tenantId });
    expect(await loginOptions(deps(), { tenant: "ten_01k0000000000000000000000a" })).toEqual(none);
    const isAbsent = removeIssuer(house, other, { issuerId: id });
    await expect(isAbsent).rejects.toSatisfy(is("not_found"));
  });

  it("says where a browser signs in when a page asks, if it brings an ID token back and is as guarded as the issuer", async () => {
    await setUp();
    const page = { tenant: admin.tenantId, for: "page" } as const;
    const urls = async (query: Parameters<typeof loginOptions>[1]) =>
      (await loginOptions(deps(), query)).issuers.map((one) => one.authorizationUrl);
    const authorize = `${idp.url}/authorize`;
    idp.discovery = { authorization_endpoint: authorize };
    expect(await urls({ tenant: admin.tenantId })).toEqual([undefined]);
    expect(idp.asked["/.well-known/openid-configuration"]).toBeUndefined();
    expect(await urls(page)).toEqual([authorize]);
    expect(await urls(page)).toEqual([authorize]);
    expect(idp.asked["/.well-known/openid-configuration"]).toBe(1);
    for (const said of [
      { authorization_endpoint: authorize, response_types_supported: ["code"] },
      { authorization_endpoint: authorize, response_modes_supported: ["form_post"] },
      { authorization_endpoint: "javascript:alert(1)" },
      { authorization_endpoint: 7 },
    ]) {
      idp.discovery = said;
      house.passTime(601_000);
      expect(await urls(page)).toEqual([undefined]);
    }
    // It does not answer: the page offers the other ways.
    idp.isDown = true;
    house.passTime(601_000);
    expect(await urls(page)).toEqual([undefined]);
  });

  it("has sessions that end a day after the sign-in, however often they are refreshed", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const session = await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    house.passTime(86_399_000);
    const renewed = await refreshSession(deps(), { refreshToken: session.refreshToken ?? "" });
    house.passTime(1_000);
    await expect(refreshSession(deps(), { refreshToken: renewed.refreshToken ?? "" })).rejects.toSatisfy(
      is("unauthenticated"),
    );
  });
});

describe("ID tokens", () => {
  it("that are not whole, not fresh, not ours or to be read in another way: none is accepted", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    const [own] = idp.keys;
    if (own === undefined) throw new Error("no key");
    const foreign = newIssuerKey();
    const seconds = Math.floor(house.nowMs() / 1000);
    const good = idToken("bea");
    const [head = "", body = "", signature = ""] = good.split(".");
    const header = { alg: "RS256", typ: "JWT", kid: own.kid };
    const claims = { iss: idp.url, sub: "bea", aud: clientId, iat: seconds, exp: seconds + 600 };
    const pem = own.publicKey.export({ format: "pem", type: "spki" });
    const signed = (changedHead: unknown, changedBody: unknown, by = own) =>
      signParts(part(changedHead), part(changedBody), by);
    const jwk = foreign.publicKey.export({ format: "jwk" });
    const nested = part(good);
    const corpus: Record<string, string> = {
      "no algorithm": `${part({ ...header, alg: "none" })}.${body}.`,
      "no algorithm, with a signature": `${part({ ...header, alg: "none" })}.${body}.${signature}`,
      "the public key as a shared secret (PEM)": hmacParts(part({ ...header, alg: "HS256" }), body, pem),
      "the public key as a shared secret (DER)": hmacParts(
        part({ ...header, alg: "HS256" }),
        body,
        own.publicKey.export({ format: "der", type: "spki" }),
      ),
      "an algorithm that is not this issuer's": signed({ ...header, alg: "PS256" }, claims),
      "another key under the same name": signed(header, claims, foreign),
      "an unknown key": signed({ ...header, kid: foreign.kid }, claims, foreign),
      "a key of its own": signed({ ...header, jwk }, claims, foreign),
      "a place to get a key from": signed({ ...header, jku: `${idp.url}/keys` }, claims),
      "a certificate to get a key from": signed({ ...header, x5u: `${idp.url}/keys` }, claims),
      "an extension that must be understood": signed({ ...header, crit: ["b64"], b64: true }, claims),
      "an access token": signed({ ...header, typ: "at+jwt" }, claims),
      "a logout token": signed({ ...header, typ: "logout+jwt" }, claims),
      "another issuer": signed(header, { ...claims, iss: "https://evil.example" }),
      "another application": signed(header, { ...claims, aud: "other" }),
      "several applications, given to another": signed(header, { ...claims, aud: [clientId, "other"], azp: "other" }),
      "several applications, given to none": signed(header, { ...claims, aud: [clientId, "other"] }),
      "ours, but given to another application": signed(header, { ...claims, azp: "other" }),
      expired: signed(header, { ...claims, iat: seconds - 500, exp: seconds - 61 }),
      "not yet": signed(header, { ...claims, nbf: seconds + 120 }),
      "of the future": signed(header, { ...claims, iat: seconds + 120 }),
      "old, though it lasts": signed(header, { ...claims, iat: seconds - 700, exp: seconds + 600 }),
      "without an end": signed(header, { iss: idp.url, sub: "bea", aud: clientId, iat: seconds }),
      "without a beginning": signed(header, { iss: idp.url, sub: "bea", aud: clientId, exp: seconds + 600 }),
      "without a subject": signed(header, { iss: idp.url, aud: clientId, iat: seconds, exp: seconds + 600 }),
      "a claim twice": signed(header, `{"sub":"eve",${JSON.stringify(claims).slice(1)}`),
      "a header twice": signed(`{"alg":"none",${JSON.stringify(header).slice(1)}`, claims),
      "a claim twice, spelt in two ways": signed(header, `{"su\\u0062":"eve",${JSON.stringify(claims).slice(1)}`),
      "another body": `${head}.${part({ ...claims, sub: "eve" })}.${signature}`,
      "a cut signature": `${head}.${body}.${signature.slice(0, -4)}`,
      "no signature": `${head}.${body}.`,
      "two parts": `${head}.${body}`,
      "five parts": `${head}.${body}.${signature}.${signature}.${signature}`,
      "a token within a token": `${part({ ...header, alg: "none", cty: "JWT" })}.${nested}.`,
      "not JSON": signed(header, "{"),
      "a list": signed(header, "[]"),
    };
    const accepted: string[] = [];
    for (const [what, token] of Object.entries(corpus)) {
      const outcome = await createSession(deps(), { issuerId, idToken: token }).catch((error: unknown) => error);
      if (!hasCode(outcome, "unauthenticated")) accepted.push(`${what}: ${String(outcome)}`);
    }
    expect(accepted).toEqual([]);
    await createSession(deps(), { issuerId, idToken: good });
  });

  it("sign in once: of twenty tries with one, at once or later, one; what was refused used up nothing", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const token = idToken("bea");
    await expect(createSession(deps(), { issuerId, idToken: token })).rejects.toSatisfy(is("forbidden"));
    await createSession(deps(), { issuerId, idToken: token, invitation: link.token });
    await expect(createSession(deps(), { issuerId, idToken: token })).rejects.toSatisfy(is("unauthenticated"));
    const other = idToken("bea");
    const tries = Array.from({ length: 20 }, () => createSession(deps(), { issuerId, idToken: other }));
    const outcomes = await Promise.allSettled(tries);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    // To the end of its time, and a minute more for a clock that is behind.
    house.passTime(659_000);
    await expect(createSession(deps(), { issuerId, idToken: other })).rejects.toThrow("used before");
    house.passTime(2_000);
    await expect(createSession(deps(), { issuerId, idToken: other })).rejects.toThrow(/expired|not accepted/);
  });

  it("of an elliptic curve are no other token with the other of their two signatures", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const key = newIssuerKey("ES256");
    idp.keys.push(key);
    const token = idToken("bea", { key });
    await createSession(deps(), { issuerId, idToken: token, invitation: link.token });
    const [head = "", body = "", signature = ""] = token.split(".");
    const raw = Buffer.from(signature, "base64url");
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const s = (order - BigInt(`0x${raw.subarray(32).toString("hex")}`)).toString(16).padStart(64, "0");
    const twin = Buffer.concat([raw.subarray(0, 32), Buffer.from(s, "hex")]).toString("base64url");
    await expect(createSession(deps(), { issuerId, idToken: `${head}.${body}.${twin}` })).rejects.toThrow(
      "used before",
    );
  });

  it("with a nonce are good for that sign-in only", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const token = () => idToken("bea", { claims: { nonce: "mine" } });
    const other = createSession(deps(), { issuerId, idToken: token(), nonce: "yours", invitation: link.token });
    await expect(other).rejects.toSatisfy(is("unauthenticated"));
    await createSession(deps(), { issuerId, idToken: token(), nonce: "mine", invitation: link.token });
  });

  it("of a key that was just published are accepted, and made-up keys do not make us ask", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    idp.keys.push(newIssuerKey("ES256"));
    house.passTime(61_000);
    await createSession(deps(), { issuerId, idToken: idToken("bea") });
    const asked = { ...idp.asked };
    const guess = () => newIssuerKey("ES256");
    for (let count = 0; count < 5; count++) {
      const made = createSession(deps(), { issuerId, idToken: idToken("bea", { key: guess() }) });
      await expect(made).rejects.toSatisfy(is("unauthenticated"));
    }
    expect(idp.asked).toEqual(asked);
    // What is no token of this issuer is told without asking, even after a minute.
    house.passTime(61_000);
    const foreign = createSession(deps(), {
      issuerId,
      idToken: idToken("bea", { key: guess(), claims: { aud: "x" } }),
    });
    await expect(foreign).rejects.toSatisfy(is("unauthenticated"));
    expect(idp.asked).toEqual(asked);
  });

  it("of a key that was withdrawn are refused ten minutes later at the latest", async () => {
    const { id: issuerId } = await setUp();
    const { link } = await invite();
    const [stolen] = idp.keys;
    await createSession(deps(), { issuerId, idToken: idToken("bea"), invitation: link.token });
    idp.keys.splice(0, 1, newIssuerKey());
    house.passTime(600_000);
    const old = createSession(deps(), {
      issuerId,
      idToken: idToken("bea", stolen === undefined ? {} : { key: stolen }),
    });
    await expect(old).rejects.toSatisfy(is("unauthenticated"));
  });

  it.each<[string, () => void]>([
    ["answers for another issuer", () => (idp.discovery = { issuer: `${idp.url}/` })],
    ["names keys at an address on the inside", () => (idp.discovery = { jwks_uri: "http://169.254.169.254/keys" })],
    ["names keys at another port of this machine", () => (idp.discovery = { jwks_uri: "http://127.0.0.1:1/keys" })],
    ["does not answer", () => (idp.isDown = true)],
  ])("of an issuer that %s are not accepted", async (_, change) => {
    const { id: issuerId } = await setUp();
    change();
    const outcome = createSession(deps(), { issuerId, idToken: idToken("bea") });
    await expect(outcome).rejects.toSatisfy(
      (error) => hasCode(error, "unprocessable") || hasCode(error, "unavailable"),
    );
  });
});
