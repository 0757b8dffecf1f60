import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Action, Variables } from "@steward/contracts/actions";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  mailAliasAdd,
  mailMailboxAdd,
  mailMailboxList,
  mailMailboxRemove,
  mailPasswordReset,
  mailServerSetup,
} from "../../packages/catalogue/src/actions/mail.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { isRunning, snapshot } from "./prove-state.ts";

const server = { domain: "home.example", hostname: "mail.home.example" };
const john = "john@home.example";
const makePassword = () => randomBytes(15).toString("base64url");

/** Mail comes and is read between two looks. */
const apartFromMail = (state: string) =>
  state
    .split("\n")
    .filter((line) => !line.includes("/var/mail/vhosts/home.example/"))
    .join("\n");

/**
 * One long story on one appliance, since each run takes seconds: a server is set up, used as people and other servers use
 * it, and undone step by step until nothing of it is left.
 */
describeWithSandbox("mail on a real appliance", () => {
  let appliance: TestAppliance;
  /** Everything that any run printed. */
  let printed = "";
  let before = "";
  let stateBeforeAlias = "";
  const [lost, first, second] = [makePassword(), makePassword(), makePassword()];

  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
    // Addresses that are none of the loopback's: whoever comes from there is a stranger.
    await appliance.inside(
      "for n in 1 2; do ip address add 192.0.2.$n/32 dev lo; done; echo 127.0.0.1 mail.home.example >> /etc/hosts",
    );
    const client = await readFile(join(import.meta.dirname, "mail-client.py"), "base64");
    await appliance.inside(`echo ${client} | base64 -d > /root/mail-client.py`);
    before = await snapshot(appliance);
  });
  afterAll(() => appliance.close());

  async function run(action: Action, variables: Variables, options: Parameters<TestAppliance["run"]>[2] = {}) {
    // As talkative as it gets: that shows what is hidden.
    const verbosity = options.secrets === undefined ? 0 : 4;
    const outcome = await appliance.run(action, variables, { verbosity, ...options });
    printed += `${outcome.output}\n${JSON.stringify(outcome)}`;
    return outcome;
  }
  /** Runs what has to succeed. */
  async function done(...args: Parameters<typeof run>) {
    const outcome = await run(...args);
    expect(outcome, outcome.output).toMatchObject({ status: "succeeded" });
    return outcome;
  }
  async function previewed(action: Action, variables: Variables, secrets: Record<string, string> = {}) {
    const state = await snapshot(appliance);
    const preview = await done(action, variables, { mode: "check", secrets });
    expect(preview.changed, "a preview says what would change").toBeGreaterThan(0);
    expect(preview.secrets, "a preview gives no password away").toBeUndefined();
    expect(await snapshot(appliance), "a preview changes nothing").toBe(state);
    return preview;
  }
  const client = async (...args: string[]) =>
    (await appliance.inside(`python3 /root/mail-client.py ${args.map((arg) => `'${arg}'`).join(" ")}`)).trim();

  test("mail.server.setup serves a domain", async () => {
    const early = await run(mailMailboxAdd, { address: john }, { secrets: { password: first } });
    expect(early.reason).toContain("run mail.server.setup first");

    // A certificate of the appliance's own authority comes before one that the server signs itself.
    const issued = "/etc/ssl/steward/hosts/mail.home.example";
    await appliance.inside(`mkdir -p ${issued}; touch ${issued}/key.pem ${issued}/cert.pem`);
    const preview = await previewed(mailServerSetup, server);
    expect(preview.output).toContain(`+smtpd_tls_chain_files = ${issued}/key.pem, ${issued}/cert.pem\n`);
    await appliance.inside(`rm -r /etc/ssl/steward`);
    await done(mailServerSetup, server, { runId: "run-server" });
    const after = await snapshot(appliance);
    const postfix = await appliance.inside("postfix check; postconf -n");
    expect(postfix).toContain("mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128\n");
    const dovecot = await appliance.inside("doveconf -n");
    expect(dovecot).toContain("ssl = required\n");
    expect(dovecot, "accounts of the system are no mailboxes").not.toContain("driver = pam");
    const facts = await appliance.executor.facts();
    expect(facts).toMatchObject({ mailDomains: ["home.example"], setups: ["mail.server.setup"], mailboxes: [] });
    expect(facts.users).not.toContain("vmail");
    expect(await client("ready")).toBe("ready");

    expect(await done(mailServerSetup, server, { runId: "run-idle" })).toMatchObject({ changed: 0 });
    expect(await snapshot(appliance)).toBe(after);
    expect(await done(mailServerSetup, server, { runId: "run-idle", mode: "undo" })).toMatchObject({ changed: 0 });
    expect(await snapshot(appliance), "the undo of a run that changed nothing").toBe(after);
  });

  test("mail.mailbox.add: mail comes in, is read with the password, and is bounded by the quota", async () => {
    const box = { address: john, quotaMb: 1 };
    await previewed(mailMailboxAdd, box, { password: first });
    // An attempt whose end nobody heard of, and the next one: the password of the first may be lost.
    await done(mailMailboxAdd, box, { runId: "run-john", secrets: { password: lost } });
    const added = await done(mailMailboxAdd, box, { runId: "run-john", secrets: { password: first } });
    expect(added.secrets).toEqual(["password"]);
    expect(await appliance.inside(`doveadm user ${john}`)).toContain("/var/mail/vhosts/home.example/john");
    expect(await appliance.inside("stat -c '%U:%G %a' /etc/dovecot/steward/mailboxes/*")).toBe("root:dovecot 640\n");
    expect((await appliance.executor.facts()).mailboxes).toEqual([john]);

    expect(await client("send", john, "hello")).toBe("taken");
    expect(await client("read", john, first, "hello")).toBe("read: hello");
    expect(await client("read", john, lost)).toContain("AUTHENTICATIONFAILED");
    expect(await client("plain", john, first)).toContain("PRIVACYREQUIRED");

    expect(await client("send", "nobody@home.example", "who")).toMatch(/^550 .*User unknown/);
    expect(await client("send", "ann@elsewhere.example", "relayed")).toMatch(/^554 .*Relay access denied/);
    expect(await client("send", john, "large", "1400")).toMatch(/^552 .*The mailbox is full/);
    expect(await client("offers", "25"), "no passwords where there may be no TLS").not.toContain("auth");
    expect(await client("offers", "587")).not.toContain("auth");

    expect(await client("submit", john, first, john, "ann@elsewhere.example")).toMatch(/^250 /);
    expect(await client("submit", john, second, john, "ann@elsewhere.example")).toMatch(/^535 /);
    expect(await client("submit", "", "", "bob@elsewhere.example", "ann@elsewhere.example")).toMatch(/^554 /);
    expect(await client("submit", "", "", john, john)).toMatch(/^553 .*not logged in/);
    expect(await client("submit", john, first, "boss@home.example", john)).toMatch(/^553 .*not owned by user/);

    // A mailbox that is there keeps its password and its quota, and nobody is given another one.
    const state = await snapshot(appliance);
    const again = await done(mailMailboxAdd, { address: john }, { runId: "run-again", secrets: { password: second } });
    expect(again).toMatchObject({ changed: 0 });
    expect(again.secrets).toBeUndefined();
    expect(await snapshot(appliance)).toBe(state);
  });

  test("mail.password.reset lets the new password in and the old one no more; its undo turns that round", async () => {
    await previewed(mailPasswordReset, { address: john }, { password: second });
    const state = await snapshot(appliance);
    const reset = await done(
      mailPasswordReset,
      { address: john },
      { runId: "run-reset", secrets: { password: second } },
    );
    expect(reset.secrets).toEqual(["password"]);
    expect(await client("read", john, first)).toContain("AUTHENTICATIONFAILED");
    expect(await client("read", john, second)).toBe("read: hello");
    await done(mailPasswordReset, { address: john }, { runId: "run-reset", mode: "undo" });
    expect(await client("read", john, second)).toContain("AUTHENTICATIONFAILED");
    expect(await client("read", john, first)).toBe("read: hello");
    expect(apartFromMail(await snapshot(appliance))).toBe(apartFromMail(state));
  });

  test("mail.alias.add leads mail to a mailbox, and takes none away from one", async () => {
    const alias = { alias: "info", target: john };
    await previewed(mailAliasAdd, alias);
    const state = await snapshot(appliance);
    await done(mailAliasAdd, alias, { runId: "run-info" });
    expect(await client("send", "info@home.example", "question")).toBe("taken");
    expect(await client("read", john, first, "question")).toBe("read: hello, question");
    expect(await client("submit", john, first, "info@home.example", john)).toMatch(/^250 /);
    expect(await done(mailAliasAdd, alias, { runId: "run-info-again" })).toMatchObject({ changed: 0 });
    const theft = await run(mailAliasAdd, { alias: john, target: "ann@elsewhere.example" });
    expect(theft.reason).toContain("is a mailbox: an alias would take its mail away");
    stateBeforeAlias = state;
  });

  test("mail.mailbox.remove moves mail aside, and its undo brings it back", async () => {
    const list = await done(mailMailboxList, {});
    expect(list).toMatchObject({
      changed: 0,
      result: { mailboxes: [{ address: john, quotaMb: 1, usedBytes: expect.any(Number) }] },
    });
    await previewed(mailMailboxRemove, { address: john });
    const state = await snapshot(appliance);
    await done(mailMailboxRemove, { address: john }, { runId: "run-gone" });
    expect(await client("read", john, first)).toContain("AUTHENTICATIONFAILED");
    expect(await client("send", john, "late")).toMatch(/^550 .*User unknown/);
    expect(await client("send", "info@home.example", "late"), "nor an alias of it").toMatch(/^550 .*User unknown/);
    expect(await done(mailMailboxRemove, { address: john })).toMatchObject({ changed: 0 });
    await done(mailMailboxRemove, { address: john }, { runId: "run-gone", mode: "undo" });
    expect(await snapshot(appliance)).toBe(state);
    expect(await client("read", john, first)).toBe("read: hello, question");
    expect(await client("send", "info@home.example", "answer"), "the alias, too").toBe("taken");
    expect(await client("read", john, first, "answer")).toBe("read: answer, hello, question");
  });

  test("undone in reverse, nothing is left but the mail that came, where only root looks", async () => {
    await done(mailAliasAdd, { alias: "info", target: john }, { runId: "run-info", mode: "undo" });
    expect(await client("send", "info@home.example", "late")).toMatch(/^550 .*User unknown/);
    expect(apartFromMail(await snapshot(appliance))).toBe(apartFromMail(stateBeforeAlias));
    await done(mailMailboxAdd, { address: john, quotaMb: 1 }, { runId: "run-john", mode: "undo" });
    expect(await client("read", john, first)).toContain("AUTHENTICATIONFAILED");
    expect(await client("send", john, "late")).toMatch(/^550 .*User unknown/);
    const aside = "/var/mail/vhosts/.steward-run-john-0";
    expect(await appliance.inside(`stat -c '%U %a' ${aside}; grep -rhF Subject: ${aside} | sort`)).toBe(
      "root 700\nSubject: answer\nSubject: hello\nSubject: question\n",
    );
    await appliance.inside(`rm -r ${aside}`);
    await done(mailServerSetup, server, { runId: "run-server", mode: "undo" });
    expect(await snapshot(appliance)).toBe(before);
    expect(await isRunning(appliance, "dovecot")).toBe(false);
    expect(await isRunning(appliance, "master")).toBe(false);
    expect(await done(mailServerSetup, server, { runId: "run-server", mode: "undo" })).toMatchObject({ changed: 0 });
  });

  test("passwords are in no output, no record and no file", async () => {
    for (const password of [lost, first, second]) {
      expect(printed).not.toContain(password);
      expect(await appliance.inside(`grep -rlF -e '${password}' /etc /var /root /run /tmp /home || true`)).toBe("");
    }
    expect(printed, "nor are their hashes").not.toContain("$6$");
  });
});
