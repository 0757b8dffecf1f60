import { createHash, createHmac, createPublicKey, generateKeyPairSync, sign as signBytes, verify } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSigner } from "@steward/aws/kms-signer";
import { derToRaw } from "@steward/aws/signing";
import { getSession, replaceSession } from "@steward/aws/records/session";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { type Client, createClient } from "@steward/contracts/client";
import { newId } from "@steward/contracts/ids";
import { profilesFileSchema } from "@steward/contracts/profile";
import type { Route } from "@steward/contracts/route";
import { type RouteName, routes } from "@steward/contracts/routes";
import type { Session } from "@steward/contracts/session";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { configFolder, type Ended, steward } from "../../packages/cli/test/run-steward.ts";
import { part, type ScriptedIssuer, startScriptedIssuer } from "../../packages/control/test/support/scripted-issuer.ts";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { approve, type Installation, problemOf, startInstallation, until } from "../support/installation.ts";

let installation: Installation;
let idp: ScriptedIssuer;
let acme: Client;
let tenantId: string;
const cleanUps: (() => Promise<void>)[] = [];

beforeAll(async () => {
  idp = await startScriptedIssuer();
  installation = await startInstallation({ appliances: 6, functionEnv: { STEWARD_OUTSIDE_HOSTS: idp.host } });
  acme = installation.as("acme");
  tenantId = installation.tenantId("acme");
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});
afterAll(() => Promise.all([installation?.close(), idp?.close()]));

const whoAmI = (accessToken: string) =>
  installation.raw("/api/v1/whoami", { headers: { authorization: `Bearer ${accessToken}` } });
const as = (accessToken: string): Client =>
  createClient({
    baseUrl: installation.stack.apiUrl,
    transport: fetchTransport,
    headers: () => ({ authorization: `Bearer ${accessToken}`, "steward-tenant": tenantId }),
  });
const anybody = () => createClient({ baseUrl: installation.stack.apiUrl, transport: fetchTransport });

async function member(role: "viewer" | "operator" | "approver" | "admin" = "operator", invite: Client = acme) {
  const { person, link } = await invite("invitePrincipal", {
    body: { name: "Bea", grants: [{ tenant: tenantId, role }] },
  });
  const session = await anybody()("createSession", { body: { bootstrapToken: link.token } });
  return { personId: person.id, session, call: as(session.accessToken) };
}

/** Until a call is answered so: what takes effect within 5 s is there within 8. */
async function untilStatus(accessToken: string, status: number): Promise<void> {
  const lateMs = Date.now() + 8_000;
  for (;;) {
    const answer = await whoAmI(accessToken);
    if (answer.status === status) return;
    if (Date.now() > lateMs) throw new Error(`still ${answer.status}: ${JSON.stringify(answer.body)}`);
    await installation.raw("/health");
  }
}

describe("access tokens", () => {
  it("of 0 wrong ones is any accepted, also of those that our own key has signed", async () => {
    const { session, personId } = await member();
    const kms = installation.cloudAs("sessions").kms;
    const key = await createSigner({ kms, keyAlias: installation.names.keyAlias("token") }).key();
    const [head = "", body = "", signature = ""] = session.accessToken.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url").toString()) as Record<string, unknown>;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString()) as Record<string, unknown>;
    /** With the real key, in the cloud's KMS; of the two signatures that hold, the one that ours have. */
    const signed = async (changedHead: unknown, changedBody: unknown, high = false): Promise<string> => {
      const input = `${part(changedHead)}.${part(changedBody)}`;
      const raw = Buffer.from(derToRaw(await key.sign(Buffer.from(input))));
      return `${input}.${withS(raw, high).toString("base64url")}`;
    };
    const with_ = (change: Record<string, unknown>) => signed(header, { ...claims, ...change });
    const without = (name: string) => signed(header, { ...claims, [name]: undefined });
    const named = (change: Record<string, unknown>) => signed({ ...header, ...change }, claims);
    const now = Math.floor(Date.now() / 1000);
    const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const foreign = (changedHead: unknown): string => {
      const input = `${part(changedHead)}.${body}`;
      const raw = signBytes("sha256", Buffer.from(input), { key: other.privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${withS(raw, false).toString("base64url")}`;
    };
    const otherSpki = other.publicKey.export({ format: "der", type: "spki" });
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: "der", type: "spki" });
    const hmac = (secret: Buffer | string): string => {
      const input = `${part({ ...header, alg: "HS256" })}.${body}`;
      return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
    };
    const rsaSigned = `${part({ ...header, alg: "RS256" })}.${body}`;
    const wrong = Buffer.from(signature, "base64url");
    const flipped = (at: number) => {
      const bytes = Buffer.from(wrong);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return `${head}.${body}.${bytes.toString("base64url")}`;
    };
    const malleable = Buffer.from(`${head}.${body}`);
    const twin = withS(wrong, true);
    // Honest: made in the same way, a right one is accepted, and the mathematics does hold for the other signature.
    expect((await whoAmI(await signed(header, claims))).status).toBe(200);
    const holds = verify("sha256", malleable, { key: publicKey, dsaEncoding: "ieee-p1363" }, twin);
    expect(holds).toBe(true);

    const ended = await member();
    const endedSid = String(claimsOf(ended.session.accessToken)["sid"]);
    const record = await getSession(installation.table, endedSid);
    if (record === undefined) throw new Error("no session");
    await commit(installation.table, [
      replaceSession(record, { ...record, version: record.version + 1, revokedAtMs: Date.now() }),
    ]);
    const disabled = await member();
    const person = await getPerson(installation.table, disabled.personId);
    if (person === undefined) throw new Error("nobody");
    await commit(installation.table, [
      replacePerson(person, { ...person, version: person.version + 1, disabledAtMs: Date.now() }),
    ]);
    const someoneElse = await member();

    const corpus: Record<string, string> = {
      nothing: "",
      "two dots": "..",
      "no algorithm": `${part({ ...header, alg: "none" })}.${body}.`,
      "no algorithm, capital": `${part({ ...header, alg: "None" })}.${body}.`,
      "no algorithm, with the signature": `${part({ ...header, alg: "none" })}.${body}.${signature}`,
      "no signature": `${head}.${body}.`,
      "our public key as a shared secret (PEM)": hmac(publicKey.export({ format: "pem", type: "spki" })),
      "our public key as a shared secret (DER)": hmac(Buffer.from(key.publicKey)),
      "our public key as a shared secret (JWK)": hmac(JSON.stringify(publicKey.export({ format: "jwk" }))),
      "a shared secret of nothing": hmac(""),
      "RSA in place of it": `${rsaSigned}.${signBytes("sha256", Buffer.from(rsaSigned), rsa.privateKey).toString("base64url")}`,
      "another curve's name": await named({ alg: "ES384" }),
      "another key under our name": foreign(header),
      "another key under its own name": foreign({
        ...header,
        kid: createHash("sha256").update(otherSpki).digest("hex"),
      }),
      "another key, brought along": foreign({ ...header, jwk: other.publicKey.export({ format: "jwk" }) }),
      "our key, brought along": await named({ jwk: publicKey.export({ format: "jwk" }) }),
      "a place to get a key from": await named({ jku: `${idp.url}/keys` }),
      "a certificate to get a key from": await named({ x5u: `${idp.url}/keys` }),
      "a certificate, brought along": await named({ x5c: ["AAAA"] }),
      "an extension that must be understood": await named({ crit: ["exp"], exp: now + 600 }),
      "an unencoded payload": await named({ crit: ["b64"], b64: false }),
      "no name of a key": await signed({ ...header, kid: undefined }, claims),
      "a file for a key's name": await named({ kid: "../../../dev/null" }),
      "another case of the key's name": await named({ kid: String(header["kid"]).toUpperCase() }),
      "an ID token's type": await named({ typ: "JWT" }),
      "no type": await signed({ ...header, typ: undefined }, claims),
      "another spelling of the type": await named({ typ: "application/at+jwt" }),
      "another issuer": await with_({ iss: "urn:steward:other" }),
      "another stage's": await with_({ iss: "urn:steward:prod", aud: "urn:steward:prod:api" }),
      "another audience": await with_({ aud: "urn:steward:local:nodes" }),
      "a list of audiences": await with_({ aud: [claims["aud"], "urn:steward:prod:api"] }),
      "no audience": await without("aud"),
      "no issuer": await without("iss"),
      "no subject": await without("sub"),
      "no session": await without("sid"),
      "no end": await without("exp"),
      "no beginning": await without("iat"),
      "no name": await without("jti"),
      "one claim more": await with_({ admin: true }),
      expired: await with_({ iat: now - 700, exp: now - 1 }),
      "an end in words": await with_({ exp: String(now + 600) }),
      "an end far away": await with_({ exp: now + 86_400 }),
      "an end beyond numbers": await with_({ exp: 1e300 }),
      "of the future": await with_({ iat: now + 60, exp: now + 600 }),
      "old, though it lasts": await with_({ iat: now - 3_700, exp: now + 600 }),
      huge: await with_({ jti: "x".repeat(9_000) }),
      "a little too large": await with_({ jti: "x".repeat(2_000) }),
      "a claim twice": await signed(header, `{"sub":"${someoneElse.personId}",${JSON.stringify(claims).slice(1)}`),
      "the same claim twice": await signed(header, `${JSON.stringify(claims).slice(0, -1)},"sub":"${personId}"}`),
      "a header twice": await signed(`{"alg":"none",${JSON.stringify(header).slice(1)}`, claims),
      "a space more": await signed(header, `${JSON.stringify(claims)} `),
      "a name spelt otherwise": await signed(header, JSON.stringify(claims).replace('"sub"', '"s\\u0075b"')),
      "a prototype": await signed(header, `{"__proto__":{"sub":"x"},${JSON.stringify(claims).slice(1)}`),
      "a list for a header": await signed([header], claims),
      "not JSON": await signed(header, "{"),
      "somebody else's session": await with_({ sub: someoneElse.personId }),
      "a session that is not there": await with_({ sid: sha256Hex("nothing") }),
      "a person who is not there": await with_({ sub: newId("person", Date.now()) }),
      "a service token in the person's place": await with_({ sub: newId("token", Date.now()) }),
      "a session that was ended": ended.session.accessToken,
      "of somebody who was disabled": disabled.session.accessToken,
      "a refresh token": session.refreshToken ?? "",
      "the other signature that holds": `${head}.${body}.${twin.toString("base64url")}`,
      "the other signature, from our key": await signed(header, claims, true),
      "the signature in DER": `${head}.${body}.${Buffer.from(await key.sign(malleable)).toString("base64url")}`,
      "a cut signature": `${head}.${body}.${signature.slice(0, -2)}`,
      "a longer signature": `${head}.${body}.${Buffer.concat([wrong, Buffer.from([0])]).toString("base64url")}`,
      "a signature of zeros": `${head}.${body}.${Buffer.alloc(64).toString("base64url")}`,
      "a bit of r": flipped(3),
      "a bit of s": flipped(40),
      padded: `${head}.${body}.${signature}==`,
      "other bits at the end of base64": `${head}.${body}.${signature.slice(0, -1)}${nextLetter(signature.at(-1) ?? "A")}`,
      "a fourth part": `${session.accessToken}.${signature}`,
      "within another, unsecured": `${part({ alg: "none", typ: "JWT", cty: "JWT" })}.${part(session.accessToken)}.`,
      "within another, signed": await signed({ ...header, cty: "JWT" }, session.accessToken),
      "another's body under this signature": `${head}.${someoneElse.session.accessToken.split(".")[1]}.${signature}`,
      encrypted: `${part({ alg: "dir", enc: "A256GCM" })}..${part("x")}.${part("y")}.${part("z")}`,
    };
    const accepted: string[] = [];
    for (const [what, token] of Object.entries(corpus)) {
      const answer = await whoAmI(token);
      if (answer.status !== 401) accepted.push(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    expect(accepted).toEqual([]);
    expect(Object.keys(corpus).length).toBeGreaterThan(70);
    expect((await whoAmI(session.accessToken)).status).toBe(200);
  }, 120_000);

  it("of whoever was demoted, disabled or signed out are told within five seconds", async () => {
    const [demoted, disabled, signedOut] = [await member("admin"), await member(), await member()];
    for (const { session } of [demoted, disabled, signedOut])
      expect((await whoAmI(session.accessToken)).status).toBe(200);
    const change = (personId: string, body: { disabled?: boolean; grants?: { tenant: string; role: "viewer" }[] }) =>
      acme("changePrincipal", { params: { personId }, body });
    await change(demoted.personId, { grants: [{ tenant: tenantId, role: "viewer" }] });
    await change(disabled.personId, { disabled: true });
    await acme("endSessions", { params: { personId: signedOut.personId } });
    await untilStatus(disabled.session.accessToken, 401);
    await untilStatus(signedOut.session.accessToken, 401);
    const lateMs = Date.now() + 8_000;
    while ((await demoted.call("whoAmI", {})).grants[0]?.role !== "viewer") expect(Date.now()).toBeLessThan(lateMs);
    expect(await problemOf(demoted.call("listPrincipals", {}))).toMatchObject({ code: "forbidden" });
    await change(disabled.personId, { disabled: false });
    await untilStatus(disabled.session.accessToken, 200);
  });

  it("are verified by the keys that the document for others lists", async () => {
    const { body } = await installation.raw("/.well-known/jwks.json");
    const kid = headOf((await member()).session.accessToken)["kid"];
    expect((body as { keys: { kid: string }[] }).keys.map((one) => one.kid)).toContain(kid);
  });
});

describe("service tokens", () => {
  async function token(
    role: "operator" | "admin" = "admin",
  ): Promise<{ text: string; session: Session; call: Client }> {
    const made = await acme("createToken", { body: { name: "nightly", grants: [{ tenant: tenantId, role }] } });
    const session = await anybody()("createSession", { body: { token: made.token } });
    return { text: made.token, session, call: as(session.accessToken) };
  }

  it("are refused by every route that is for people, by the route table", async () => {
    const { session } = await token();
    const forPeople = (Object.entries(routes) as [RouteName, Route][]).filter(
      ([, { access }]) => "peopleOnly" in access && access.peopleOnly !== undefined,
    );
    for (const name of [
      "approveTask",
      "rejectTask",
      "confirmNode",
      "invitePrincipal",
      "changePrincipal",
      "createLink",
      "endSessions",
      "createToken",
      "revokeToken",
      "listTokens",
      "createIssuer",
      "removeIssuer",
    ]) {
      expect(forPeople.map(([one]) => one)).toContain(name);
    }
    for (const [name, route] of forPeople) {
      const answer = await installation.raw(route.path.replace(/\{\w+\}/g, "x"), {
        method: route.method,
        headers: {
          authorization: `Bearer ${session.accessToken}`,
          "steward-tenant": tenantId,
          ...(route.body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(route.body === undefined ? {} : { body: "{}" }),
      });
      expect([name, answer.status]).toEqual([name, 403]);
      expect(String((answer.body as { detail: string }).detail)).toContain("a service token may not do this");
    }
  });

  it("ask for what their maker may; words need a person, who is the maker, and a high risk another one", async () => {
    const { call } = await token("operator");
    const first = "acme-berlin-01";
    const words = await call("submitTask", { body: { instruction: "add user tokenmade", targets: [first] } });
    expect(words).toMatchObject({ status: "awaiting_approval", gate: { approver: "requester" } });
    expect(words.requestedBy.id).toMatch(/^tok_/);
    expect(await problemOf(approve(call, words))).toMatchObject({ code: "forbidden" });
    // The maker confirms as the one who asked.
    const approved = await approve(acme, words);
    expect(approved.status).toBe("running");
    await until(acme, words.id, "simulated");

    const high = await call("submitTask", {
      body: { steps: [{ action: "users.add", variables: { username: "root2", groups: ["sudo"] } }], targets: [first] },
    });
    // Let in by the provider: whom the one who asks let in himself is not the second person.
    const another = await member("approver", installation.as("provider", tenantId));
    const asked = await acme("explainGate", { params: { taskId: high.id } });
    expect(asked).toMatchObject({ decision: "needs_approval", approver: "other" });
    expect(await problemOf(approve(acme, high))).toMatchObject({ code: "denied_by_gate" });
    expect((await approve(another.call, high)).status).toBe("running");
    await until(acme, high.id, "simulated");
    await acme("changePrincipal", { params: { personId: another.personId }, body: { grants: [] } });
  });

  it("are taken as they are where Prometheus scrapes, and nowhere else", async () => {
    const { text } = await token("operator");
    const get = (path: string, authorization: string) =>
      fetch(installation.stack.apiUrl + path, { headers: { authorization, "steward-tenant": tenantId } });
    const scraped = await get("/metrics", `Bearer ${text}`);
    expect([scraped.status, scraped.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    const lines = await scraped.text();
    expect(lines).toMatch(/^steward_nodes\{kind="appliance",health="healthy"\} \d+$/m);
    // As a client of the route table reads it.
    expect(await acme("metrics", { query: {} })).toContain("# TYPE steward_nodes gauge");
    for (const [path, authorization] of [
      ["/metrics", "Bearer stw_no"],
      ["/metrics", ""],
      ["/api/v1/stats", `Bearer ${text}`],
    ] as const) {
      expect([path, (await get(path, authorization)).status]).toEqual([path, 401]);
    }
  });

  it("serve a script by its environment alone, and are stored nowhere", async () => {
    const { text } = await token("operator");
    const config = await configFolder();
    cleanUps.push(config.remove);
    const env = { STEWARD_TOKEN: text, STEWARD_API_URL: installation.stack.apiUrl };
    const run = (...args: string[]) => steward(args, { config: config.folder, env });
    expect(await run("whoami", "--json")).toMatchObject({ code: 0, stdout: expect.stringContaining('"kind":"token"') });
    expect((await run("tasks", "ls", "--tenant", "acme", "--json")).code).toBe(0);
    expect(() => statSync(config.file)).toThrow("ENOENT");
    const without = await steward(["whoami"], { config: config.folder, env: { STEWARD_TOKEN: text } });
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining("STEWARD_API_URL") });
  });
});

describe("the command line", () => {
  it("invites, signs in by the link, lists, grants, disables, and forgets", async () => {
    const adminConfig = await configFolder(installation.stack.profileOf("acme"));
    const config = await configFolder();
    cleanUps.push(adminConfig.remove, config.remove);
    const admin = (...args: string[]): Promise<Ended> => steward(args, { config: adminConfig.folder });
    const invited = await admin(
      "principal",
      "invite",
      "Cleo",
      "--role",
      "operator",
      "--email",
      "cleo@example.org",
      "--json",
    );
    expect(invited.stderr).toBe("");
    const { link } = JSON.parse(invited.stdout) as { link: { url: string } };
    const signedIn = await steward(["login", link.url], { config: config.folder });
    expect(signedIn.stdout).toContain("Signed in as Cleo");
    expect((await steward(["login", link.url], { config: config.folder })).code).toBe(3);
    expect((await admin("principal", "ls")).stdout).toMatch(/Cleo\s+cleo@example.org\s+operator\s+active/);
    expect((await admin("principal", "grant", "cleo@example.org", "approver")).stdout).toContain("approver of ten_");
    expect((await admin("principal", "grant", "cleo@example.org", "king")).code).toBe(2);
    expect((await admin("principal", "disable", "Cleo")).code).toBe(0);
    expect((await admin("principal", "enable", "Cleo")).code).toBe(0);
    expect((await steward(["profile", "ls"], { config: config.folder })).stdout).toContain("session");
    expect((await steward(["logout"], { config: config.folder })).stdout).toContain("Signed out");
    expect((await steward(["whoami"], { config: config.folder })).stderr).toContain("You are not signed in");
    const made = await admin("token", "create", "report", "--role", "viewer", "--days", "7", "--json");
    const { token } = JSON.parse(made.stdout) as { token: string };
    const byToken = await steward(["login", "--token", "--api-url", installation.stack.apiUrl], {
      config: config.folder,
      input: `${token}\n`,
    });
    expect(byToken).toMatchObject({ code: 0, stdout: expect.stringContaining("Signed in as report") });
    expect(statSync(config.file).mode & 0o777).toBe(0o600);
    const stored = profilesFileSchema.parse(JSON.parse(readFileSync(config.file, "utf8")));
    expect(stored.profiles["local"]).toMatchObject({ token });
    expect((await steward(["tasks", "ls"], { config: config.folder })).code).toBe(0);
    expect((await admin("token", "revoke", "report")).code).toBe(0);
    expect((await admin("token", "ls")).stdout).toMatch(/report\s+revoked/);
  }, 120_000);

  it("binds an account by the device flow, and signs in with it from then on", async () => {
    const adminConfig = await configFolder(installation.stack.profileOf("acme"));
    const config = await configFolder();
    cleanUps.push(adminConfig.remove, config.remove);
    const admin = (...args: string[]): Promise<Ended> => steward(args, { config: adminConfig.folder });
    const added = await admin("issuer", "add", idp.url, "--client-id", "cli", "--name", "Example", "--json");
    expect(added.stderr).toBe("");
    const { id } = JSON.parse(added.stdout) as { id: string };
    const { link } = await acme("invitePrincipal", {
      body: { name: "Dana", grants: [{ tenant: tenantId, role: "viewer" }] },
    });
    const url = `${installation.stack.apiUrl}/#login=${link.token}`;
    /** Signs in on the issuer's page as soon as the code is shown. */
    const signIn = (args: string[]): Promise<Ended> =>
      steward(args, {
        config: config.folder,
        onStderr: (text) => {
          const code = /code there must be (\S+)\./.exec(text)?.[1];
          if (code !== undefined) idp.approveDevice(code, "dana-at-example");
        },
      });
    const issuer = ["--issuer", "Example", "--tenant", tenantId, "--api-url", installation.stack.apiUrl];
    const stranger = await signIn(["login", ...issuer]);
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining("no member of this installation") });
    const bound = await signIn(["login", url, ...issuer]);
    expect(bound).toMatchObject({ code: 0, stdout: expect.stringContaining("Signed in as Dana") });
    const later = await signIn(["login", ...issuer]);
    expect(later).toMatchObject({ code: 0, stdout: expect.stringContaining("Signed in as Dana") });
    expect((await steward(["whoami", "--json"], { config: config.folder })).stdout).toContain('"role":"viewer"');
    expect((await admin("issuer", "rm", id, "--yes")).code).toBe(0);
    const gone = await signIn(["login", ...issuer]);
    expect(gone).toMatchObject({ code: 2, stderr: expect.stringContaining("no issuer Example") });
  }, 120_000);
});

/** r with s or n − s: both hold. */
function withS(raw: Buffer, high: boolean): Buffer {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${raw.subarray(32).toString("hex")}`);
  const wanted = s > order / 2n === high ? s : order - s;
  return Buffer.concat([raw.subarray(0, 32), Buffer.from(wanted.toString(16).padStart(64, "0"), "hex")]);
}

/** The letter whose last bit is another: of a last letter, one that base64 leaves unused. */
function nextLetter(letter: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return letters[letters.indexOf(letter) ^ 1] ?? "A";
}

function headOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as Record<string, unknown>;
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}
