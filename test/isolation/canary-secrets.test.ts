import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { createSecrets } from "@steward/aws/clients/secrets";
import { getSecret } from "@steward/aws/secrets";
import type { Client } from "@steward/contracts/client";
import { resourceNames } from "@steward/contracts/names";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCredentials } from "../../packages/local/src/host/function-environment.ts";
import { contentsBelow, sizeOf } from "../support/files-below.ts";
import { approve, type Installation, startInstallation, until, untilEnded } from "../support/installation.ts";
import { scanTable } from "../support/scan-table.ts";
import { type ScriptedModels, startScriptedModels } from "../support/scripted-models.ts";

/*
 * Canaries wherever a secret can live, each its own; then every byte that anything has kept, said or sent is looked through
 * for each of them, as it is and encoded. A secret may be where it lives (`homes`), and nowhere else.
 */
const stage = "local";
const names = resourceNames(stage);
const playbook = fileURLToPath(new URL("./leaking-playbook.sh", import.meta.url));
const letters = (count: number) => randomBytes(count).toString("hex");

interface Canary {
  what: string;
  text: string;
  /** Files below the state's folder where it lives. */
  homes: RegExp[];
}
const canaries: Canary[] = [];
function plant(what: string, text: string, ...homes: RegExp[]): string {
  if (text.length < 12) throw new Error(`${what} is too short to be told from other text`);
  canaries.push({ what, text, homes });
  return text;
}
const made = (what: string, ...homes: RegExp[]) => plant(what, `cnry${letters(10)}`, ...homes);
const vault = /^cloud\/secrets\.journal/;

let installation: Installation;
let ollama: ScriptedModels;
let claude: ScriptedModels;
let acme: Client;
let staff: Client;
/** Everything that a caller was answered but for the secrets that the answer is there to tell. */
const answers: string[] = [];
const claudeKey = `sk-ant-api03-${letters(16)}`;
const wrongKey = `sk-ant-api03-${letters(16)}`;

async function post(path: string, body: unknown, headers: Record<string, string> = {}, slug = "acme") {
  const response = await fetch(installation.stack.apiUrl + path, {
    method: "POST",
    headers: { ...installation.stack.headersOf(slug), "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  answers.push(text, ...[...response.headers].flat());
  return { status: response.status, text };
}

beforeAll(async () => {
  [ollama, claude] = await Promise.all([startScriptedModels(), startScriptedModels({ apiKey: claudeKey })]);
  installation = await startInstallation({
    // A worker that is silent for twice as long is passed by, and it is to be asked.
    heartbeatIntervalSeconds: 3,
    appliances: 6,
    stage,
    executor: { program: playbook },
    worker: { ollamaHost: ollama.url, env: { STEWARD_WORKER_SLOTS: "2" } },
    functionEnv: { STEWARD_ANTHROPIC_URL: claude.url },
    outsiders: [
      { principal: "auditor", grants: [{ actions: ["dynamodb:*"], resources: [`${names.table}*`] }] },
      { principal: "reader", grants: [{ actions: ["secretsmanager:GetSecretValue"], resources: ["*"] }] },
    ],
  });
  acme = installation.as("acme");
  staff = installation.as("provider");
});
afterAll(async () => {
  await installation?.close();
  await Promise.all([ollama?.stop(), claude?.stop()]);
});

describe("planting", () => {
  it("keys of services, also a wrong one that is refused and replaced by the one before", async () => {
    plant("the Claude key", claudeKey, vault);
    plant("the wrong Claude key", wrongKey, vault);
    const set = (value: string) => staff("setSecret", { params: { secretName: "anthropic" }, body: { value } });
    await set(claudeKey);
    await set(wrongKey);
    // Neither worker nor Claude helps with the first; both are asked.
    ollama.script({ kind: "status", status: 500, message: "out of memory" });
    claude.script(() => ({
      kind: "answer",
      json: {
        understood: "Add the user nora.",
        outOfScope: false,
        steps: [{ action: "users.add", variables: { username: "nora" } }],
      },
    }));
    const asked = await acme("submitTask", {
      body: { instruction: "onboard our new colleague nora", targets: ["acme-berlin-01"] },
    });
    const planned = await until(
      acme,
      asked.id,
      ({ status }) => status === "awaiting_approval" || status === "failed",
      60_000,
    );
    expect(planned).toMatchObject({ status: "awaiting_approval", planning: { tier: "claude" } });
    const keys = claude.requests.map(
      ({ headers }) => headers["x-api-key"] ?? headers.authorization?.slice("Bearer ".length),
    );
    expect(keys).toEqual([wrongKey, claudeKey]);
    expect(logOf("host")).toContain("claude_key_refused");
  });

  it("the key of cursors, before and after it was made anew", async () => {
    const reading = () =>
      getSecret(
        createSecrets({
          endpointUrl: installation.stack.cloudUrl,
          region: "eu-central-1",
          credentials: readCredentials<"reader">(join(installation.stack.stateDir, "credentials.json"))("reader"),
        }),
        names.tokenSecret,
      );
    const before = (await reading()) ?? "";
    plant("the cursor key before", before, vault);
    await staff("rotateSecret", { params: { secretName: "cursor-key" } });
    const after = await until2(async () => {
      const now = (await reading()) ?? "";
      return now === before ? undefined : now;
    });
    plant("the cursor key", after, vault);
    const { cursor } = await acme("listNodes", { query: { limit: 1 } });
    expect(cursor).toBeDefined();
  });

  it("sign-in links, used and not; sessions; service tokens; invitations", async () => {
    for (const what of ["used", "unused"]) {
      const link = await installation.stack.loginLink("acme");
      const token = plant(`a sign-in link that is ${what}`, link.split("#login=")[1] ?? "");
      if (what === "unused") continue;
      const session = await acme("createSession", { body: { bootstrapToken: token } });
      plant("a refresh token", session.refreshToken ?? "");
      plant("an access token", session.accessToken.split(".")[2] ?? "");
      if (session.refreshToken !== undefined) {
        const next = await acme("refreshSession", { body: { refreshToken: session.refreshToken } });
        plant("a refreshed refresh token", next.refreshToken ?? "");
        // One that never was: the refusal must not repeat it.
        await post("/api/v1/sessions/refresh", { refreshToken: made("a refresh token that is none").padEnd(43, "x") });
      }
      await post("/api/v1/sessions", { bootstrapToken: token });
    }
    for (const tenant of installation.stack.tenants) {
      plant(`the refresh token of ${tenant.slug}`, tenant.profile.refreshToken ?? "");
      plant(`the access token of ${tenant.slug}`, tenant.profile.accessToken?.split(".")[2] ?? "");
    }
    const tenant = installation.tenantId("acme");
    const { token } = await acme("createToken", {
      body: { name: "ci", grants: [{ tenant, role: "operator" }], days: 1 },
    });
    plant("a service token", token);
    await acme("createSession", { body: { token } });
    await post("/api/v1/tasks", {}, { authorization: `Bearer ${token}` });
    await post("/api/v1/tasks", {}, { authorization: `Bearer ${made("a bearer token that is none")}` });
  });

  it("enrolment tokens, used, unused and wrong; private keys of nodes", async () => {
    const { token } = await acme("inviteNode", { body: { kind: "appliance", name: "not-yet" } });
    plant("an enrolment token that is unused", token.split(".")[0] ?? "");
    await post("/api/v1/enrol", {
      token: `${made("an enrolment token that is none").padEnd(43, "x")}.${"0".repeat(64)}`,
      csr: "x",
    });
    const fleet = join(installation.stack.stateDir, "fleet");
    const plan = JSON.parse(readFileSync(join(fleet, "plan.json"), "utf8")) as { appliances: { token: string }[] };
    // The demo's plan stands for the person who carries the token to the machine.
    for (const [index, appliance] of plan.appliances.entries())
      plant(`the enrolment token of appliance ${index}`, appliance.token.split(".")[0] ?? "", /^fleet\/plan\.json$/);
    for (const { path, bytes } of ourContentsBelow(installation.stack.stateDir)) {
      const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+([\w+/=\s]+)-----END/.exec(bytes.toString("latin1"))?.[1];
      const home = relative(installation.stack.stateDir, path);
      // The middle of it: what is before names only the curve.
      if (key !== undefined && /^(?:fleet|worker)\//.test(home))
        plant(
          `the private key in ${home}`,
          key.replace(/\s/g, "").slice(48, 96),
          new RegExp(`^${RegExp.escape(home)}$`),
        );
    }
    expect(canaries.filter(({ what }) => what.startsWith("the private key")).length).toBeGreaterThanOrEqual(7);
  });

  it("passwords that a person types: every one is refused with what to do, and not repeated", async () => {
    const say = [
      (secret: string) => `set the password of john to ${secret}`,
      (secret: string) => `add user john with password ${secret}`,
      (secret: string) => `add user john, his password should be ${secret}`,
      (secret: string) => `add user john with the password '${secret}'`,
      (secret: string) => `change john's password to ${secret} and restart samba`,
      (secret: string) => `use ${secret} as the password of anna`,
      (secret: string) => `setze das Passwort von john auf ${secret}`,
      (secret: string) => `add user john, password: ${secret}`,
      (secret: string) => `add user john password=${secret}`,
      (secret: string) => `connect to postgres://john:${secret}@db/home`,
      (secret: string) => `call the api with Authorization: Bearer ${secret}`,
      (secret: string) => `use the key sk-ant-${secret}`,
      (secret: string) => `sign in at https://example.com/#login=${secret}`,
    ];
    for (const [index, words] of say.entries()) {
      const secret = made(`a password in words ${index}`);
      const instruction = words(secret);
      const refused = await post(
        "/api/v1/tasks",
        { instruction, targets: ["acme-berlin-01"] },
        { "idempotency-key": crypto.randomUUID() },
      );
      expect(refused.status, instruction).toBe(422);
      expect(JSON.parse(refused.text), instruction).toMatchObject({
        code: "unprocessable",
        fields: [{ path: "instruction" }],
        next: expect.stringContaining("without the secret"),
      });
    }
  });

  it("secrets in variables, names, reasons, answers, keys of repetition and fields that do not exist", async () => {
    const steps = (variables: object) => ({ steps: [{ action: "users.add", variables }], targets: ["acme-berlin-01"] });
    const tries: [string, unknown][] = [
      ["/api/v1/tasks", steps({ username: "john", password: made("a password variable") })],
      ["/api/v1/tasks", steps({ username: "john", secret: { value: made("a nested secret variable") } })],
      [
        "/api/v1/tasks",
        steps({ username: "john", sshKey: `-----BEGIN PRIVATE KEY-----\n${made("a private key variable")}` }),
      ],
      ["/api/v1/tasks", steps({ username: `password=${made("a password as a name")}` })],
      ["/api/v1/tasks", { ...steps({ username: "john" }), [`password=${made("a field's name")}`]: 1 }],
      ["/api/v1/tasks", { ...steps({ username: "john" }), apiKey: made("an unknown field") }],
      ["/api/v1/support", { question: `my password is ${made("a question")}, why does the share refuse it?` }],
      ["/api/v1/support", { question: `is password=${made("another question")} a good one?` }],
      ["/api/v1/tasks", { instruction: "add user john", targets: [`password=${made("a target")}`] }],
      [
        "/api/v1/freeze",
        {
          scope: "tenant",
          until: new Date(Date.now() + 9e6).toISOString(),
          reason: `the password is ${made("a reason")}`,
        },
      ],
      ["/api/v1/nodes", { kind: "appliance", name: `password=${made("a node's name")}` }],
    ];
    for (const [path, body] of tries) {
      const { status } = await post(path, body);
      expect(status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
      expect(status, JSON.stringify(body)).toBeLessThan(500);
    }
    const asked = await acme("submitTask", { body: { instruction: "add a user", targets: ["acme-berlin-01"] } });
    await until(acme, asked.id, "needs_input");
    const answered = await post(`/api/v1/tasks/${asked.id}/answer`, { answer: `password=${made("an answer")}` });
    expect(answered.status).toBe(422);
    const rejected = await post(`/api/v1/tasks/${asked.id}/cancel`, {
      reason: `his password is ${made("a reason to cancel")}`,
    });
    expect(rejected.status).toBe(422);
    // A key of repetition is kept as a hash, whatever it holds.
    const key = `password=${made("a key of repetition")}`;
    const body = { instruction: "list users", targets: ["acme-berlin-01"] };
    expect((await post("/api/v1/tasks", body, { "idempotency-key": key })).status).toBe(202);
    expect((await post("/api/v1/tasks", body, { "idempotency-key": key })).status).toBe(202);
    await post(`/api/v1/tasks?token=${made("a query")}`, body);
  });

  it("facts, outputs, diffs and results of a machine that tells everything", async () => {
    const name = "acme-berlin-01";
    const { nodeId } = JSON.parse(JSON.stringify(await nodeOf(name))) as { nodeId: string };
    const disk = diskOf(name);
    mkdirSync(disk, { recursive: true });
    const lines = [
      `+db_password = ${made("a diff")}`,
      `ok: [localhost] => {"ansible_facts": {"api_token": "${made("an Ansible fact")}"}}`,
      `{"msg": "{\\"password\\": \\"${made("JSON within JSON")}\\"}"}`,
      `Authorization: Bearer ${made("a header")}`,
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      made("a private key's first line"),
      made("a private key's second line"),
      "-----END OPENSSH PRIVATE KEY-----",
      `curl 'https://b.s3.amazonaws.com/k?X-Amz-Signature=${made("a presigned URL")}'`,
      Buffer.from(`{"password": "${made("base64")}"}`).toString("base64"),
      `next=${encodeURIComponent(`password=${made("percent")}`)}`,
      `mysql://root:${made("a connection")}@localhost/x`,
      `AWS_SECRET_ACCESS_KEY=${made("an AWS key")}`,
      `the password of john is ${made("a sentence")}`,
    ];
    writeFileSync(join(disk, "secrets"), `${lines.join("\n")}\nand then it was well\n`);
    const machine = await installation.machine(name);
    await machine.call("putFacts", {
      params: { nodeId },
      body: { hostname: name, services: [`db --password=${made("a service")}`], shares: [`sk-ant-${made("a share")}`] },
    });
    const task = await acme("submitTask", {
      body: { steps: [{ action: "users.add", variables: { username: "olga" } }], targets: [name] },
    });
    const ended = await untilEnded(acme, task.id, 60_000);
    expect(ended.status).toBe("succeeded");
    const output = await acme("getOutput", { params: { taskId: task.id, applianceId: nodeId } });
    const chunks = await Promise.all(
      output.chunks.map(async ({ url }) => {
        plant("a presigned download", new URL(url).searchParams.get("X-Amz-Signature") ?? "");
        return gunzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).toString();
      }),
    );
    // It did print, it went up, and what is no secret is there.
    expect(chunks.join("")).toContain("and then it was well");
    expect(chunks.join("").match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(10);
    answers.push(...chunks, JSON.stringify(ended));
  });

  it("a password that a run makes, which the playbook prints in every way, and which is opened", async () => {
    const name = "acme-hamburg-01";
    const { nodeId } = JSON.parse(JSON.stringify(await nodeOf(name))) as { nodeId: string };
    mkdirSync(diskOf(name), { recursive: true });
    writeFileSync(join(diskOf(name), "secrets"), "it begins\n");
    const machine = await installation.machine(name);
    const facts = { hostname: name, setups: ["mail.server.setup"], domains: ["home.example"] };
    await machine.call("putFacts", { params: { nodeId }, body: facts });
    const task = await acme("submitTask", {
      body: { steps: [{ action: "mail.mailbox.add", variables: { address: "john@home.example" } }], targets: [name] },
    });
    if (task.status === "awaiting_approval") await approve(acme, task);
    const ended = await untilEnded(acme, task.id, 60_000);
    expect(ended).toMatchObject({ status: "succeeded", secrets: [{ name: "password", status: "waiting" }] });
    const [offered] = ended.secrets ?? [];
    const params = { taskId: task.id, runId: offered?.runId ?? "", secretRef: offered?.ref ?? "" };
    // The one answer that is there to tell it.
    const { value } = await acme("openRunSecret", { params, body: { key: crypto.randomUUID() } });
    plant("a password that a run made", value, vault);
    answers.push(
      (
        await post(`/api/v1/tasks/${task.id}/secrets/${params.runId}/${params.secretRef}/open`, {
          key: crypto.randomUUID(),
        })
      ).text,
    );
    const output = await acme("getOutput", { params: { taskId: task.id, applianceId: nodeId } });
    for (const { url } of output.chunks) {
      const text = gunzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).toString();
      expect(text).toContain("doveadm pw -p [redacted] -u john");
      answers.push(text);
    }
    answers.push(JSON.stringify(ended));
  });

  it("a model that answers with secrets, and one whose prompt would hold them", async () => {
    ollama.script(() => ({
      kind: "answer",
      json: {
        understood: `Set the password to ${made("a model's words")}.`,
        outOfScope: false,
        steps: [{ action: "users.add", variables: { username: "pia", password: made("a model's variable") } }],
      },
    }));
    claude.script({ kind: "text", text: `no: password=${made("Claude's words")}` });
    const asked = await acme("submitTask", {
      body: { instruction: "let our trainee pia in", targets: ["acme-berlin-01"] },
    });
    await until(acme, asked.id, ({ status }) => status !== "thinking" && status !== "queued", 60_000);
    expect(ollama.requests.length).toBeGreaterThan(1);
  });

  it("what travels with jobs and machines: claim secrets and activations", () => {
    const queue = readFileSync(join(installation.stack.stateDir, "cloud", "sqs.journal"), "utf8");
    const claims = new Set([...queue.matchAll(/\\*"secret\\*":\\*"([\w-]{43})\\*"/g)].map(([, secret = ""]) => secret));
    for (const secret of claims) plant("a job's claim secret", secret, /^cloud\/sqs\.journal/);
    expect(claims.size).toBeGreaterThan(0);
  });
});

describe("searching: no canary is in", () => {
  const found = (haystack: string, allowed: (canary: Canary) => boolean = () => false): string[] =>
    canaries
      .filter((canary) => !allowed(canary) && formsOf(canary.text).some((form) => haystack.includes(form)))
      .map(({ what }) => what);

  it("any record of the table", async () => {
    expect(canaries.length).toBeGreaterThan(60);
    const items: unknown[] = [];
    for await (const item of scanTable(installation.table)) items.push(item);
    expect(items.length).toBeGreaterThan(50);
    expect(found(JSON.stringify(items))).toEqual([]);
  });

  it("any prompt, to Ollama or to Claude, but for Claude's own key in the header that is for it", () => {
    for (const { protocol, headers, body, system, prompt } of [...ollama.requests, ...claude.requests]) {
      const { "x-api-key": _key, authorization: _bearer, ...others } = headers;
      expect(found(JSON.stringify([body, system, prompt, protocol === "anthropic" ? others : headers]))).toEqual([]);
    }
  });

  it("any answer, least of all one that refuses", () => {
    expect(answers.length).toBeGreaterThan(40);
    expect(found(answers.join("\n"))).toEqual([]);
  });

  it("any list, export or page that shows what there is", async () => {
    const shown = await Promise.all([
      acme("listTasks", { query: { limit: 200 } }),
      acme("listNodes", { query: { limit: 200 } }),
      acme("listTokens", { query: { limit: 200 } }),
      acme("listAudit", { query: { limit: 200 } }),
      acme("stats", {}),
      acme("queueStatus", {}),
      staff("listSecrets", {}),
    ]);
    for (const page of shown) expect(found(JSON.stringify(page))).toEqual([]);
    for (const path of ["/metrics", "/health", "/openapi.json", "/.well-known/jwks.json"]) {
      const response = await fetch(installation.stack.apiUrl + path, { headers: installation.stack.headersOf("acme") });
      expect(found(await response.text()), path).toEqual([]);
    }
  });

  it("any file that any part has written: logs, objects, queues and their dead letters, commands, ledgers, spools", () => {
    const { stateDir } = installation.stack;
    const seen: string[] = [];
    const places = new Map<string, string[]>();
    for (const { path, bytes } of ourContentsBelow(stateDir)) {
      const place = relative(stateDir, path);
      seen.push(place);
      const texts = [bytes.toString("latin1"), ...unzipped(bytes)];
      const leaked = texts.flatMap((text) => found(text, ({ homes }) => homes.some((home) => home.test(place))));
      if (leaked.length > 0) places.set(place, [...new Set(leaked)]);
    }
    expect(Object.fromEntries(places)).toEqual({});
    const kinds = [
      "logs/host.log",
      "logs/worker.log",
      "logs/fleet.log",
      "logs/cloud.log",
      "cloud/sqs.journal",
      "cloud/ssm.journal",
      "cloud/s3.journal",
    ];
    for (const kind of kinds) expect(seen, kind).toContain(kind);
    expect(seen.filter((place) => place.startsWith("cloud/objects/")).length).toBeGreaterThan(1);
  });

  it("and the search finds what is there: each canary that has a home, in its home", () => {
    const { stateDir } = installation.stack;
    const files = [...ourContentsBelow(stateDir)].map(({ path, bytes }) => ({
      place: relative(stateDir, path),
      text: bytes.toString("latin1"),
    }));
    const missing = canaries.filter(
      ({ text, homes }) =>
        homes.length > 0 &&
        !files.some(
          ({ place, text: content }) =>
            homes.some((home) => home.test(place)) && content.replaceAll(/\\n|\n/g, "").includes(text),
        ),
    );
    // A claimed message is gone from its queue's journal once that is compacted.
    expect(missing.map(({ what }) => what).filter((what) => what !== "a job's claim secret")).toEqual([]);
  });
});

/** As it is, in hex and in base64, wherever in a group of three bytes it begins; and what a hash of it alone would give away. */
function formsOf(text: string): string[] {
  const known = forms.get(text);
  if (known !== undefined) return known;
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((skip) => {
    const encoded = Buffer.concat([Buffer.alloc(skip), bytes]).toString("base64");
    // The ends depend on what stands beside it.
    return encoded.slice(Math.ceil((skip * 4) / 3) + 1, Math.floor(((skip + bytes.length) * 4) / 3) - 2);
  });
  const made = [text, bytes.toString("hex"), ...base64];
  // Of what a person thinks up, a hash alone is enough to try words on. Of random keys of ours it is how they are known again.
  if (text.startsWith("cnry")) made.push(createHash("sha256").update(text).digest("hex"));
  forms.set(text, made);
  return made;
}
const forms = new Map<string, string[]>();

function unzipped(bytes: Buffer): string[] {
  const texts: string[] = [];
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      texts.push(gunzipSync(bytes).toString("latin1"));
    } catch {
      // Half written.
    }
  }
  return texts;
}

const ourContentsBelow = (folder: string) =>
  contentsBelow(folder, { not: ["compile-cache"], keep: (path) => sizeOf(path) > 0 && !leaks.has(path) });
/** On the appliances' own disks, where the planted files lie: not ours. */
const leaks = new Set<string>();

function diskOf(name: string): string {
  const disk = installation.machineDir(name);
  leaks.add(join(disk, "secrets"));
  return disk;
}

function logOf(part: string): string {
  return readFileSync(join(installation.stack.stateDir, "logs", `${part}.log`), "utf8");
}

async function nodeOf(name: string): Promise<{ nodeId: string }> {
  const { items } = await acme("listNodes", { query: { limit: 200 } });
  const node = items.find((one) => one.name === name);
  if (node === undefined) throw new Error(`there is no ${name}`);
  return { nodeId: node.id };
}

async function until2<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const lateMs = Date.now() + 30_000;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (Date.now() > lateMs) throw new Error("it did not come in time");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
