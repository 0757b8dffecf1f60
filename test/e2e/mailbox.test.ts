import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import type { Client } from "@steward/contracts/client";
import type { RunSecretView } from "@steward/contracts/run-secret";
import type { TaskView } from "@steward/contracts/task";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { contentsBelow, sizeOf } from "../support/files-below.ts";
import { approve, type Installation, problemOf, startInstallation, untilEnded } from "../support/installation.ts";
import { describeWithSandbox, withRealAnsible } from "../support/sandbox.ts";
import { scanTable } from "../support/scan-table.ts";

/*
 * "add mailbox john@home.example", from the sentence to a login: real Ansible makes it on a real mail server, the appliance
 * makes the password, whoever asked opens it once, and it lets John in. Nothing that Steward keeps has it.
 */
describeWithSandbox("a mailbox, from the sentence to the login", () => {
  const [name] = ["acme-berlin-01"];
  const run = promisify(execFile);
  let installation: Installation;
  let acme: Client;
  let password = "";
  let task: TaskView;
  let secret: RunSecretView | undefined;

  beforeAll(async () => {
    installation = await startInstallation({ appliances: 6, ...withRealAnsible() });
    acme = installation.as("acme");
    // Six sandboxes start, each with a mail server to be set up in it.
  }, 300_000);
  afterAll(async () => {
    await installation?.close();
    vi.unstubAllEnvs();
  });

  /** Signs in by IMAP within the appliance, as a mail program on it would. */
  async function signIn(secretText: string): Promise<string> {
    const directory = realpathSync(join(installation.machineDir(name ?? ""), "sandbox"));
    const group = createHash("sha256").update(directory).digest("hex").slice(0, 24);
    const pid = readdirSync("/proc").find((one) => {
      try {
        return /^\d+$/.test(one) && readFileSync(`/proc/${one}/cgroup`, "utf8").includes(group);
      } catch {
        return false;
      }
    });
    if (pid === undefined) throw new Error("the appliance's sandbox does not run");
    const script = [
      "import imaplib, ssl, sys",
      "box = imaplib.IMAP4_SSL('127.0.0.1', 993, ssl_context=ssl._create_unverified_context())",
      "try: print(box.login('john@home.example', sys.stdin.read())[0])",
      "except imaplib.IMAP4.error as refused: print(refused)",
    ].join("\n");
    const inside = ["--target", pid, "--all", "--setuid", "0", "--setgid", "0", "--", "python3", "-c", script];
    const signingIn = run("nsenter", inside, { cwd: "/", timeout: 30_000 });
    signingIn.child.stdin?.end(secretText);
    return (await signingIn).stdout.trim();
  }

  it("a sentence adds the mailbox once the mail server is there, and the password waits for whoever asked", async () => {
    const variables = { domain: "home.example", hostname: "mail.home.example" };
    const targets = [name ?? ""];
    const server = await acme("submitTask", {
      body: { steps: [{ action: "mail.server.setup", variables }], targets },
    });
    const setUp = server.status === "awaiting_approval" ? (await approve(acme, server), server) : server;
    const ready = await untilEnded(acme, setUp.id, 500_000);
    expect(ready.status, JSON.stringify(ready.runs)).toBe("succeeded");

    const asked = await vi.waitFor(
      async () => {
        const one = await acme("submitTask", { body: { instruction: "add mailbox john@home.example", targets } });
        expect(one.status).toBe("awaiting_approval");
        return one;
      },
      // The appliance tells what is set up on it after the run.
      { timeout: 20_000, interval: 500 },
    );
    expect(asked.plan?.steps).toMatchObject([
      { action: "mail.mailbox.add", variables: { address: "john@home.example" }, generates: ["password"] },
    ]);
    await approve(acme, asked);
    task = await untilEnded(acme, asked.id, 300_000);
    expect(task.status).toBe("succeeded");
    [secret] = task.secrets ?? [];
    expect(secret).toMatchObject({ name: "password", status: "waiting", recipient: asked.requestedBy.id });
    // Its slowest tasks are told, and none of them tells a secret.
    expect(task.runs?.[0]?.steps[0]?.slowest?.length).toBeGreaterThan(1);
  });

  it("it is opened once, and lets John in; the second opening is refused", async () => {
    const params = { taskId: task.id, runId: secret?.runId ?? "", secretRef: secret?.ref ?? "" };
    expect(
      (await problemOf(installation.as("birch")("openRunSecret", { params, body: { key: crypto.randomUUID() } }))).code,
    ).toBe("not_found");
    const opened = await acme("openRunSecret", { params, body: { key: crypto.randomUUID() } });
    password = opened.value;
    expect(password).toMatch(/^[a-z2-9]{6}(?:-[a-z2-9]{6}){3}$/);
    expect(await signIn(password)).toBe("OK");
    expect(await signIn(`${password}x`)).toContain("AUTHENTICATIONFAILED");
    const again = await problemOf(acme("openRunSecret", { params, body: { key: crypto.randomUUID() } }));
    expect(again).toMatchObject({ code: "token_used" });
    const after = await acme("getTask", { params: { taskId: task.id } });
    expect(after.secrets).toMatchObject([{ status: "opened" }]);
  });

  it("nothing that Steward keeps has it but the vault: table, objects, queues, logs, commands, ledger, outputs", async () => {
    const forms = [
      password,
      ...[0, 1, 2].map((skip) => Buffer.from(password.slice(skip, skip + 21)).toString("base64")),
    ];
    const holds = (text: string) => forms.some((form) => text.includes(form));
    const items: unknown[] = [];
    for await (const item of scanTable(installation.table)) items.push(item);
    expect(holds(JSON.stringify(items))).toBe(false);
    const { items: trail } = await acme("listAudit", { query: { limit: 200 } });
    const whats = trail.map(({ what }) => what);
    expect(whats).toEqual(expect.arrayContaining(["store-run-secret", "open-run-secret"]));
    expect(holds(JSON.stringify(trail))).toBe(false);
    const found: string[] = [];
    let looked = 0;
    // Whatever the appliance's own disk has as well: that is John's machine, where his mail server knows him.
    const keep = (path: string) => sizeOf(path) < 64 * 1024 * 1024;
    for (const { path, bytes } of contentsBelow(installation.stack.stateDir, { keep })) {
      looked += 1;
      const texts = [bytes.toString("latin1"), ...(bytes[0] === 0x1f ? [gunzipSync(bytes).toString("latin1")] : [])];
      if (texts.some(holds)) found.push(path.slice(installation.stack.stateDir.length + 1));
    }
    expect(looked).toBeGreaterThan(50);
    expect(found.filter((file) => !file.startsWith("cloud/secrets.journal"))).toEqual([]);
    // It finds what is there.
    expect(found).not.toEqual([]);
  });

  it("a second mailbox of the name keeps its password: nothing is offered", async () => {
    const steps = [{ action: "mail.mailbox.add", variables: { address: "john@home.example" } }];
    const again = await acme("submitTask", { body: { steps, targets: [name ?? ""] } });
    if (again.status === "awaiting_approval") await approve(acme, again);
    expect(await untilEnded(acme, again.id, 300_000)).toMatchObject({ status: "succeeded", secrets: [] });
    expect(await signIn(password)).toBe("OK");
  });
});
