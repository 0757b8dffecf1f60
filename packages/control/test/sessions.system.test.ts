import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { listAudit } from "@steward/aws/records/audit";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { getTenant, replaceTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { AppError, hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { RoleGrant } from "@steward/contracts/roles";
import type { Session } from "@steward/contracts/session";
import { authenticateToken } from "@steward/control/authenticate-token";
import { createAuthenticator } from "@steward/control/authenticate";
import type { Caller } from "@steward/control/context";
import { inviteNode } from "@steward/control/invite-node";
import { changePrincipal, createLink, endSessions, invitePrincipal, listPrincipals } from "@steward/control/principals";
import { createSession } from "@steward/control/create-session";
import { endSession, refreshSession } from "@steward/control/sessions";
import { createToken, listTokens, revokeToken } from "@steward/control/tokens";
import { tokenText } from "@steward/core/principal/token-secret";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const keyId = createHash("sha256").update(spki).digest("hex");
let kmsAnswers = true;
const key = {
  keyId,
  publicKey: spki,
  sign: async (bytes: Uint8Array) => {
    if (!kmsAnswers) throw new Error("the key does not answer");
    return new Uint8Array(sign("sha256", bytes, privateKey));
  },
};
const signer = { key: async () => key };

let house: House;
let admin: Caller;
beforeEach(async () => {
  kmsAnswers = true;
  house = await openHouse();
  admin = await house.tenant();
});
afterEach(() => house.stop());

const deps = () => ({ ...house, signer, fetchOutside: () => Promise.reject(new Error("nobody is asked")) });
const authenticator = () => createAuthenticator({ ...house, tokenKeys: async () => [{ keyId, publicKey: spki }] });
const isOver = (error: unknown) => hasCode(error, "unauthenticated");
const refresh = (refreshToken: string | undefined) => refreshSession(deps(), { refreshToken: refreshToken ?? "" });

async function invited(grants: RoleGrant[] = [{ tenant: admin.tenantId, role: "operator" }], by = admin) {
  return invitePrincipal(house, by, { name: "Bea", grants });
}
async function signedIn(by = admin): Promise<Session & { personId: string }> {
  const { person, link } = await invited([{ tenant: by.tenantId, role: "operator" }], by);
  return { ...(await createSession(deps(), { bootstrapToken: link.token })), personId: person.id };
}
async function asCaller(personId: string, tenantId: string): Promise<Caller> {
  const person = await getPerson(house.table, personId);
  if (person === undefined) throw new Error("nobody");
  const principal = { kind: "person" as const, id: personId, name: person.name, grants: person.grants };
  return { principal, sessionId: "s", tenantId, role: "admin", requestId: "r" };
}
async function asStaff(): Promise<Caller> {
  const somebody = await house.tenant();
  await grant(somebody.principal.id, [{ tenant: "*", role: "admin" }]);
  return asCaller(somebody.principal.id, admin.tenantId);
}
async function grant(personId: string, grants: RoleGrant[]): Promise<void> {
  const person = await getPerson(house.table, personId);
  if (person === undefined) throw new Error("nobody");
  await commit(house.table, [replacePerson(person, { ...person, version: person.version + 1, grants })]);
}

describe("refresh tokens", () => {
  it("one is good for one use; whoever uses an old one ends the session, for both", async () => {
    const first = await signedIn();
    const second = await refresh(first.refreshToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    house.passTime(61_000);
    await expect(refresh(first.refreshToken)).rejects.toSatisfy(isOver);
    await expect(refresh(second.refreshToken)).rejects.toSatisfy(isOver);
    await expect(authenticator()(`Bearer ${second.accessToken}`)).rejects.toSatisfy(isOver);
  });

  it("a reply that was lost is given again for a minute, with the very same successor", async () => {
    const first = await signedIn();
    const lost = await refresh(first.refreshToken);
    house.passTime(59_000);
    const again = await refresh(first.refreshToken);
    expect(again.refreshToken).toBe(lost.refreshToken);
    house.passTime(3_600_000);
    expect((await refresh(again.refreshToken)).refreshToken).not.toBe(again.refreshToken);
  });

  it("twenty at once with one token get one successor, and the session goes on with it", async () => {
    const first = await signedIn();
    const all = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refreshToken)));
    const [successor, ...others] = new Set(all.map((one) => one.refreshToken));
    expect(others).toEqual([]);
    house.passTime(120_000);
    await refresh(successor);
  });

  it("a thief who comes within the minute shares a token with the owner, and the next use by either shows it", async () => {
    const first = await signedIn();
    const owner = await refresh(first.refreshToken);
    const thief = await refresh(first.refreshToken);
    house.passTime(600_000);
    const next = await refresh(thief.refreshToken);
    house.passTime(600_000);
    await expect(refresh(owner.refreshToken)).rejects.toSatisfy(isOver);
    await expect(refresh(next.refreshToken)).rejects.toSatisfy(isOver);
  });

  it("a guess is refused and ends nobody's session, also one that knows the session's name", async () => {
    const first = await signedIn();
    const { sessionId } = await authenticator()(`Bearer ${first.accessToken}`);
    for (const guess of [house.secret(), `${sessionId}.${house.secret()}`, `${house.secret()}.${house.secret()}`]) {
      await expect(refresh(guess)).rejects.toSatisfy(isOver);
    }
    await refresh(first.refreshToken);
  });

  it("a key that does not answer uses up neither a refresh token nor a link", async () => {
    const first = await signedIn();
    const { link } = await invited();
    kmsAnswers = false;
    await expect(refresh(first.refreshToken)).rejects.toThrow("does not answer");
    await expect(createSession(deps(), { bootstrapToken: link.token })).rejects.toThrow("does not answer");
    kmsAnswers = true;
    house.passTime(600_000);
    await refresh(first.refreshToken);
    await createSession(deps(), { bootstrapToken: link.token });
  });

  it("rotation does not lengthen a session: it ends thirty days after the sign-in", async () => {
    let session: Session = await signedIn();
    const ends = session.refreshTokenExpiresAt;
    for (let day = 0; day < 29; day++) {
      house.passTime(86_400_000);
      session = await refresh(session.refreshToken);
    }
    expect(session.refreshTokenExpiresAt).toBe(ends);
    house.passTime(86_400_000);
    await expect(refresh(session.refreshToken)).rejects.toSatisfy(isOver);
  });
});

describe("within five seconds", () => {
  it.each<[string, (personId: string) => Promise<unknown>]>([
    ["disabled", (personId) => changePrincipal(house, admin, { personId }, { disabled: true })],
    ["signed out everywhere", (personId) => endSessions(house, admin, { personId })],
  ])("whoever was %s is out, with the refresh token at once", async (_, act) => {
    const session = await signedIn();
    const authenticate = authenticator();
    await authenticate(`Bearer ${session.accessToken}`);
    await act(session.personId);
    await expect(refresh(session.refreshToken)).rejects.toSatisfy(isOver);
    house.passTime(5_000);
    await expect(authenticate(`Bearer ${session.accessToken}`)).rejects.toSatisfy(isOver);
  });

  it("a demotion holds", async () => {
    const session = await signedIn();
    const authenticate = authenticator();
    await authenticate(`Bearer ${session.accessToken}`);
    await changePrincipal(
      house,
      admin,
      { personId: session.personId },
      { grants: [{ tenant: admin.tenantId, role: "viewer" }] },
    );
    house.passTime(5_000);
    const { principal } = await authenticate(`Bearer ${session.accessToken}`);
    expect(principal.grants).toEqual([{ tenant: admin.tenantId, role: "viewer" }]);
  });

  it("signing out everywhere reaches a sign-in that had begun before it, whatever the clocks say, and every link", async () => {
    const { person, link } = await invited();
    // As read by a sign-in that is slow: its session carries the number from before.
    const slow = await createSession(deps(), { bootstrapToken: link.token });
    const other = await createLink(house, admin, { personId: person.id });
    house.passTime(-3_600_000);
    await endSessions(house, admin, { personId: person.id });
    await expect(refresh(slow.refreshToken)).rejects.toSatisfy(isOver);
    await expect(createSession(deps(), { bootstrapToken: other.token })).rejects.toSatisfy(isOver);
  });
});

describe("people", () => {
  it("an invitation shows who it is for, works once within seven days, and a newer link takes its place", async () => {
    const { person, link } = await invited();
    expect(person.status).toBe("invited");
    const newer = await createLink(house, admin, { personId: person.id });
    await expect(createSession(deps(), { bootstrapToken: link.token })).rejects.toSatisfy(isOver);
    await createSession(deps(), { bootstrapToken: newer.token });
    await expect(createSession(deps(), { bootstrapToken: newer.token })).rejects.toSatisfy(isOver);
    const { items } = await listPrincipals(house, admin, { limit: 50 });
    expect(items.find((one) => one.id === person.id)?.status).toBe("active");
    const late = await invited();
    house.passTime(7 * 86_400_000);
    await expect(createSession(deps(), { bootstrapToken: late.link.token })).rejects.toSatisfy(isOver);
  });

  it("nobody gives what is not his: another tenant's role, or everything", async () => {
    const other = await house.tenant();
    for (const tenant of [other.tenantId, "*"]) {
      const grants = [{ tenant, role: "viewer" as const }];
      await expect(invited(grants)).rejects.toSatisfy((error) => hasCode(error, "forbidden"));
      const mine = await invited();
      const change = changePrincipal(house, admin, { personId: mine.person.id }, { grants });
      await expect(change).rejects.toSatisfy((error) => hasCode(error, "forbidden"));
    }
  });

  it("another tenant's people are absent; of who is in several, each sees and changes its own part alone", async () => {
    const other = await house.tenant();
    const { person } = await invited();
    const isAbsent = (error: unknown) => hasCode(error, "not_found");
    const params = { personId: person.id };
    await expect(changePrincipal(house, other, params, { disabled: true })).rejects.toSatisfy(isAbsent);
    await expect(createLink(house, other, params)).rejects.toSatisfy(isAbsent);
    await expect(endSessions(house, other, params)).rejects.toSatisfy(isAbsent);

    const both = [
      { tenant: admin.tenantId, role: "operator" as const },
      { tenant: other.tenantId, role: "approver" as const },
    ];
    await grant(person.id, both);
    const { items } = await listPrincipals(house, other, { limit: 50 });
    expect(items.find((one) => one.id === person.id)?.grants).toEqual([both[1]]);
    const emptied = await changePrincipal(house, admin, params, { grants: [] });
    expect(emptied.grants).toEqual([]);
    expect((await getPerson(house.table, person.id))?.grants).toEqual([both[1]]);
  });

  it("disabled by one tenant's admin, a person of two is out there and in here", async () => {
    const other = await house.tenant();
    const session = await signedIn();
    await grant(session.personId, [
      { tenant: admin.tenantId, role: "operator" },
      { tenant: other.tenantId, role: "viewer" },
    ]);
    await changePrincipal(house, other, { personId: session.personId }, { disabled: true });
    const { principal } = await authenticator()(`Bearer ${session.accessToken}`);
    expect(principal.grants).toEqual([{ tenant: admin.tenantId, role: "operator" }]);
    const seen = (await listPrincipals(house, admin, { limit: 50 })).items.find((one) => one.id === session.personId);
    expect(seen?.status).toBe("active");
  });

  it("a link that one tenant's admin makes for a person of two, or of the staff, signs in for that tenant alone", async () => {
    const { person } = await invited();
    await grant(person.id, [
      { tenant: admin.tenantId, role: "operator" },
      { tenant: "*", role: "admin" },
    ]);
    const link = await createLink(house, admin, { personId: person.id });
    const session = await createSession(deps(), { bootstrapToken: link.token });
    const own = [{ tenant: admin.tenantId, role: "operator" }];
    expect(session.principal.grants).toEqual(own);
    const again = await refresh(session.refreshToken);
    expect((await authenticator()(`Bearer ${again.accessToken}`)).principal.grants).toEqual(own);
  });

  it("nor does a link, or a session by it, from before the person was given something elsewhere", async () => {
    const other = await house.tenant();
    const staff = await asStaff();
    const first = await invited();
    const early = await createSession(deps(), { bootstrapToken: first.link.token });
    const kept = await createLink(house, admin, { personId: first.person.id });
    const own = { tenant: admin.tenantId, role: "operator" as const };
    const grants = [own, { tenant: other.tenantId, role: "admin" as const }];
    await changePrincipal(house, staff, { personId: first.person.id }, { grants });
    const late = await createSession(deps(), { bootstrapToken: kept.token });
    expect(late.principal.grants).toEqual([own]);
    const again = await refresh(early.refreshToken);
    expect(again.principal.grants).toEqual([own]);
    expect((await authenticator()(`Bearer ${early.accessToken}`)).principal.grants).toEqual([own]);
    // The one who gave it makes the link that has it.
    const whole = await createLink(house, staff, { personId: first.person.id });
    expect((await createSession(deps(), { bootstrapToken: whole.token })).principal.grants).toEqual(grants);
  });

  it("nobody gives a role in a tenant that is not there, or is there no more; what stands may stay", async () => {
    const staff = await asStaff();
    const gone = await house.tenant();
    const { person } = await invited([{ tenant: gone.tenantId, role: "viewer" }], gone);
    const tenant = await getTenant(house.table, gone.tenantId);
    if (tenant === undefined) throw new Error("no tenant");
    await commit(house.table, [replaceTenant(tenant, { ...tenant, version: tenant.version + 1, status: "purging" })]);
    for (const absent of [gone.tenantId, "ten_01k0000000000000000000000z"]) {
      const grants = [
        { tenant: admin.tenantId, role: "viewer" as const },
        { tenant: absent, role: "viewer" as const },
      ];
      const isRefused = (error: unknown) =>
        error instanceof AppError && error.code === "unprocessable" && error.fields?.[0]?.path === "grants.1.tenant";
      await expect(invited(grants, staff)).rejects.toSatisfy(isRefused);
      const mine = await invited();
      await expect(changePrincipal(house, staff, { personId: mine.person.id }, { grants })).rejects.toSatisfy(
        isRefused,
      );
      const provider = { ...staff, tenantId: providerTenantId };
      await expect(createToken(house, provider, { name: "x", grants, days: 1 })).rejects.toSatisfy(isRefused);
    }
    const there = { ...staff, tenantId: gone.tenantId };
    await changePrincipal(house, there, { personId: person.id }, { grants: person.grants, disabled: true });
  });

  it("what the staff change is in the trail of every tenant where it changes who may do what", async () => {
    const [staff, other, third] = [await asStaff(), await house.tenant(), await house.tenant()];
    const trails = async (tenantId: string, record: string) =>
      (await listAudit(house.table, tenantId, { limit: 50 })).items
        .filter(({ entry }) => entry.record === record)
        .map(({ entry }) => entry.what)
        .toSorted();
    const own = { tenant: admin.tenantId, role: "operator" as const };
    const theirs = { tenant: other.tenantId, role: "admin" as const };
    const { person } = await invited([own], staff);
    await changePrincipal(house, staff, { personId: person.id }, { grants: [own, theirs] });
    await changePrincipal(house, staff, { personId: person.id }, { disabled: true });
    expect(await trails(admin.tenantId, person.id)).toEqual(["change-person", "change-person", "invite-person"]);
    expect(await trails(other.tenantId, person.id)).toEqual(["change-person", "change-person"]);
    expect(await trails(third.tenantId, person.id)).toEqual([]);
  });

  it("the last admin of a tenant stays one, also when two leave at once in each other's stead", async () => {
    const me = { personId: admin.principal.id };
    const down = { grants: [{ tenant: admin.tenantId, role: "operator" as const }] };
    const isLast = (error: unknown) => hasCode(error, "unprocessable");
    await expect(changePrincipal(house, admin, me, down)).rejects.toSatisfy(isLast);
    await expect(changePrincipal(house, admin, me, { disabled: true })).rejects.toSatisfy(isLast);

    for (let round = 0; round < 5; round++) {
      const { person } = await invited([{ tenant: admin.tenantId, role: "admin" }]);
      const second = await asCaller(person.id, admin.tenantId);
      const outcomes = await Promise.allSettled([
        changePrincipal(house, admin, me, down),
        changePrincipal(house, second, { personId: person.id }, down),
      ]);
      expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
      const left = (await listPrincipals(house, admin, { limit: 50 })).items.filter((one) =>
        one.grants.some((given) => given.role === "admin"),
      );
      expect(left).toHaveLength(1);
      await grant(admin.principal.id, [{ tenant: admin.tenantId, role: "admin" }]);
      await grant(person.id, []);
    }
  });

  it("the provider's staff may leave a tenant without an admin, and give a role everywhere", async () => {
    await grant(admin.principal.id, [{ tenant: "*", role: "admin" }]);
    const staff = await asCaller(admin.principal.id, admin.tenantId);
    const { person } = await invited([{ tenant: admin.tenantId, role: "admin" }], staff);
    const params = { personId: person.id };
    expect(await changePrincipal(house, staff, params, { grants: [{ tenant: "*", role: "viewer" }] })).toMatchObject({
      grants: [{ tenant: "*", role: "viewer" }],
    });
  });
});

describe("service tokens", () => {
  const make = (role: "viewer" | "operator" | "admin" = "operator", days = 90) =>
    createToken(house, admin, { name: "nightly", grants: [{ tenant: admin.tenantId, role }], days });

  it("one is traded for a short session that is the token's, and of the token only its hash is kept", async () => {
    const { token, view } = await make();
    const session = await createSession(deps(), { token });
    expect(session).toMatchObject({ principal: { kind: "token", id: view.id } });
    expect(session.refreshToken).toBeUndefined();
    expect(Date.parse(session.accessTokenExpiresAt) - house.nowMs()).toBeLessThanOrEqual(900_000);
    const { principal } = await authenticator()(`Bearer ${session.accessToken}`);
    expect(principal).toEqual({
      kind: "token",
      id: view.id,
      name: "nightly",
      grants: [{ tenant: admin.tenantId, role: "operator" }],
    });
    house.passTime(900_000);
    await expect(authenticator()(`Bearer ${session.accessToken}`)).rejects.toSatisfy(isOver);
  });

  it.each<[string, (tokenId: string) => Promise<unknown>]>([
    ["it is revoked", (tokenId) => revokeToken(house, admin, { tokenId })],
    ["its maker is disabled", () => disableMaker()],
    ["its maker loses the role", () => grant(admin.principal.id, [])],
  ])("when %s, it and what it was traded for are dead within five seconds", async (_, act) => {
    const { token, view } = await make();
    const session = await createSession(deps(), { token });
    const authenticate = authenticator();
    await authenticate(`Bearer ${session.accessToken}`);
    // Where it is taken as it is, it is read with each call.
    expect((await authenticateToken(house, token)).principal).toMatchObject({ kind: "token", id: view.id });
    await act(view.id);
    await expect(authenticateToken(house, token)).rejects.toSatisfy(isOver);
    await expect(createSession(deps(), { token })).rejects.toSatisfy(isOver);
    house.passTime(5_000);
    await expect(authenticate(`Bearer ${session.accessToken}`)).rejects.toSatisfy(isOver);
  });
  const disableMaker = async () => {
    const person = await getPerson(house.table, admin.principal.id);
    if (person === undefined) throw new Error("nobody");
    await commit(house.table, [
      replacePerson(person, { ...person, version: person.version + 1, disabledAtMs: house.nowMs() }),
    ]);
  };

  it("what its maker may, it may, and no more: it sinks with its maker and does not rise", async () => {
    const { token } = await make("admin");
    const role = async () => {
      const { accessToken } = await createSession(deps(), { token });
      return (await authenticator()(`Bearer ${accessToken}`)).principal.grants[0]?.role;
    };
    expect(await role()).toBe("admin");
    await grant(admin.principal.id, [{ tenant: admin.tenantId, role: "approver" }]);
    expect(await role()).toBe("operator");
    await grant(admin.principal.id, [{ tenant: "*", role: "admin" }]);
    expect(await role()).toBe("admin");
  });

  it("a text that is nearly a token is none; a session ends with its own principal only", async () => {
    const { token, view } = await make();
    const other = await make();
    for (const text of [
      // Of the right form, with its checksum, by somebody who knows its id: the secret alone is not its.
      tokenText(view.id, "x".repeat(43)),
      token.slice(0, -1),
      `${token}0`,
      token.replace("stw_", "stv_"),
      other.token.slice(0, 40) + token.slice(40),
    ]) {
      await expect(createSession(deps(), { token: text })).rejects.toSatisfy(isOver);
      await expect(authenticateToken(house, text)).rejects.toSatisfy(isOver);
    }
    const { accessToken } = await createSession(deps(), { token });
    const { sessionId, principal } = await authenticator()(`Bearer ${accessToken}`);
    await endSession(house, { sessionId, principalId: other.view.id });
    await authenticator()(`Bearer ${accessToken}`);
    await endSession(house, { sessionId, principalId: principal.id });
    await expect(authenticator()(`Bearer ${accessToken}`)).rejects.toSatisfy(isOver);
  });

  it("a tenant's token has a role there alone, whoever makes it; and who signs out with it is told of there alone", async () => {
    const [staff, other] = [await asStaff(), await house.tenant()];
    for (const tenant of [other.tenantId, "*"]) {
      const grants = [{ tenant, role: "viewer" as const }];
      const made = createToken(house, staff, { name: "x", grants, days: 1 });
      await expect(made).rejects.toSatisfy((error) => hasCode(error, "unprocessable"));
      await createToken(house, { ...staff, tenantId: providerTenantId }, { name: "x", grants, days: 1 });
    }
    await grant(admin.principal.id, [...admin.principal.grants, { tenant: other.tenantId, role: "viewer" }]);
    const { token, view } = await make();
    const { accessToken } = await createSession(deps(), { token });
    const { sessionId } = await authenticator()(`Bearer ${accessToken}`);
    await endSession(house, { sessionId, principalId: view.id });
    const ends = async (tenantId: string) =>
      (await listAudit(house.table, tenantId, { limit: 50 })).items.filter(({ entry }) => entry.what === "sign-out");
    expect(await ends(admin.tenantId)).toHaveLength(1);
    expect(await ends(other.tenantId)).toEqual([]);
  });

  it("one of the staff's enrols no worker, which would outlive it and read what every customer writes", async () => {
    const staff = await asStaff();
    const worker = { kind: "worker" as const, name: "gpu", tags: [], doorbell: "pull" as const };
    const invite = (principal: Caller["principal"]) =>
      inviteNode(
        { ...house, rootFingerprint: async () => "f" },
        { ...staff, principal, tenantId: providerTenantId },
        worker,
      );
    const token = { ...staff.principal, kind: "token" as const, id: "tok_1" };
    await expect(invite(token)).rejects.toSatisfy((error) => hasCode(error, "forbidden"));
    // Nor does somebody who may only look at everything, and rules the provider's own tenant.
    const onlooker = {
      ...staff.principal,
      grants: [
        { tenant: "*", role: "viewer" as const },
        { tenant: providerTenantId, role: "admin" as const },
      ],
    };
    await expect(invite(onlooker)).rejects.toSatisfy((error) => hasCode(error, "forbidden"));
    await invite(staff.principal);
  });

  it("its last use is noted to the hour, and a use never undoes a revocation", async () => {
    const { token, view } = await make();
    const at = async () => (await listTokens(house, admin, { limit: 10 })).items[0]?.lastUsedAt;
    await createSession(deps(), { token });
    const first = await at();
    house.passTime(3_599_000);
    await createSession(deps(), { token });
    expect(await at()).toBe(first);
    house.passTime(2_000);
    await createSession(deps(), { token });
    expect(await at()).not.toBe(first);
    house.passTime(3_600_000);
    // Each of them would note its use, before the revocation or after: some are too late.
    const [revoked] = await Promise.allSettled([
      revokeToken(house, admin, { tokenId: view.id }),
      ...Array.from({ length: 5 }, () => createSession(deps(), { token })),
    ]);
    expect(revoked.status).toBe("fulfilled");
    await expect(createSession(deps(), { token })).rejects.toSatisfy(isOver);
  });

  it("nobody makes one that is more than he is, and another tenant's is absent", async () => {
    const other = await house.tenant();
    const { view } = await make();
    const absent = (error: unknown) => hasCode(error, "not_found");
    await expect(revokeToken(house, other, { tokenId: view.id })).rejects.toSatisfy(absent);
    expect((await listTokens(house, other, { limit: 10 })).items).toEqual([]);
    for (const tenant of ["*", other.tenantId]) {
      const made = createToken(house, admin, { name: "x", grants: [{ tenant, role: "viewer" }], days: 1 });
      await expect(made).rejects.toSatisfy((error) => hasCode(error, "forbidden"));
    }
  });
});
