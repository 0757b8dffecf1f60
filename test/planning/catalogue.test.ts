import { catalogue } from "@steward/catalogue/catalogue";
import { buildPlan } from "@steward/core/planning/build-plan";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import type { PlanningContext } from "@steward/core/planning/planning-types";
import { buildPrompt } from "@steward/core/planning/prompt";
import { noActionFits } from "@steward/core/planning/refusals";
import { newTask } from "@steward/core/task/new-task";
import { describe, expect, it } from "vitest";
import hostile from "../../packages/core/src/planning/hostile-instructions.json" with { type: "json" };

const id = "apl_01jd0000000000000000000000";
const facts = {
  users: ["anna", "bob"],
  groups: ["staff", "sudo"],
  services: ["smbd", "dnsmasq"],
  shares: [],
  domains: [],
};
const contextFor = (instruction: string): PlanningContext => ({
  instruction,
  actions: catalogue,
  targets: [{ id, name: "nas-1", facts }],
});
const match = (instruction: string) => matchInstruction(contextFor(instruction));
const sshKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"a".repeat(43)}`;

/** A value that fits each variable of the catalogue. */
const values: Record<string, string> = {
  username: "john",
  groups: "staff",
  sshKey,
  domain: "home.example",
  name: "printer",
  type: "A",
  value: "192.168.1.20",
  ttl: "300",
  service: "smbd",
  share: "photos",
  path: "/srv/samba/photos",
  users: "anna",
  workgroup: "HOME",
  hostname: "mail.home.example",
  address: "john@home.example",
  quotaMb: "500",
  alias: "info@home.example",
  target: "john@home.example",
  port: "8080",
  protocol: "udp",
  source: "192.168.1.0/24",
  unit: "smbd",
  lines: "20",
  days: "90",
};

describe("the matcher over the real catalogue", () => {
  const examples = catalogue.flatMap((action) => action.examples.map((example) => ({ action, example })));
  it.each(examples.map(({ action, example }) => [example, action.id] as const))(
    "reads its example %j as %s",
    (example, actionId) => {
      const sentence = example.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? name);
      const understood = match(sentence);
      // A name that points to an address has no alias: such an example asks for what it cannot know.
      expect(["plan", "question", "refused"], JSON.stringify(understood)).toContain(understood.kind);
      if (understood.kind !== "plan" && understood.kind !== "question") return;
      expect(understood.steps.map((step) => step.action)).toEqual([actionId]);
    },
  );

  const phrases: [sentence: string, action: string, variables: object][] = [
    ["add user john", "users.add", { username: "john" }],
    ["please create a login for Dave on nas-1", "users.add", { username: "dave" }],
    ["remove bob's account and keep the home", "users.remove", { username: "bob", keepHome: true }],
    ["show all accounts", "users.list", {}],
    ["install samba", "samba.server.setup", {}],
    [
      "add a share called photos for anna and bob read only",
      "samba.share.add",
      { share: "photos", users: ["anna", "bob"], readOnly: true },
    ],
    ["set up dns for home.example", "dns.server.setup", { domain: "home.example" }],
    ["point printer to 192.168.1.20", "dns.record.add", { name: "printer", value: "192.168.1.20" }],
    ["set up a mail server for home.example", "mail.server.setup", { domain: "home.example" }],
    ["add a mailbox for john@home.example", "mail.mailbox.add", { address: "john@home.example" }],
    ["please create a mailbox john@home.example with a quota of 500 mb", "mail.mailbox.add", { quotaMb: 500 }],
    ["delete the mailbox of john@home.example", "mail.mailbox.remove", { address: "john@home.example" }],
    ["show all mailboxes", "mail.mailbox.list", {}],
    ["john@home.example forgot the mail password", "mail.password.reset", { address: "john@home.example" }],
    ["forward mail for info@home.example to john@home.example", "mail.alias.add", { target: "john@home.example" }],
    ["delete the A record of printer", "dns.record.remove", { name: "printer", type: "A" }],
    ["remove the share photos", "samba.share.remove", { share: "photos" }],
    ["stop sharing photos", "samba.share.remove", { share: "photos" }],
    ["reset anna's samba password", "samba.password.reset", { username: "anna" }],
    ["bob forgot his samba password", "samba.password.reset", { username: "bob" }],
    ["set up a certificate authority", "pki.ca.setup", {}],
    [
      "issue a certificate for nas.home.example for 90 days",
      "pki.certificate.issue",
      { hostname: "nas.home.example", days: 90 },
    ],
    ["nas needs a certificate", "pki.certificate.issue", { hostname: "nas" }],
    ["renew the certificate of nas", "pki.certificate.renew", { hostname: "nas" }],
    ["restart dnsmasq", "service.restart", { service: "dnsmasq" }],
    ["how much space is left?", "disk.usage", {}],
    ["ping", "system.ping", {}],
    ["lock anna's account", "users.lock", { username: "anna" }],
    ["disable the login of bob", "users.lock", { username: "bob" }],
    ["let bob in again", "users.unlock", { username: "bob" }],
    ["anna forgot the password", "users.password.reset", { username: "anna" }],
    ["give bob a new password", "users.password.reset", { username: "bob" }],
    ["is smbd running?", "service.status", { service: "smbd" }],
    ["install security updates", "packages.update", { securityOnly: true }],
    ["install only the security updates", "packages.update", { securityOnly: true }],
    ["update the packages, security only", "packages.update", { securityOnly: true }],
    ["update all packages", "packages.update", {}],
    ["open port 443", "firewall.port.open", { port: 443 }],
    [
      "open udp port 51820 from 10.0.0.0/8",
      "firewall.port.open",
      { port: 51820, protocol: "udp", source: "10.0.0.0/8" },
    ],
    ["block tcp port 8080", "firewall.port.close", { port: 8080, protocol: "tcp" }],
    ["show the last 20 lines of the log of smbd", "journal.show", { unit: "smbd", lines: 20 }],
    ["reboot", "system.reboot", {}],
    ["restart the server", "system.reboot", {}],
    ["delete the dns record files CNAME", "dns.record.remove", { name: "files", type: "CNAME" }],
    ["give anna a new file server password", "samba.password.reset", { username: "anna" }],
    ["create a certificate authority", "pki.ca.setup", {}],
    ["create a certificate for nas", "pki.certificate.issue", { hostname: "nas" }],
    ["which version of the operating system is it", "system.facts", {}],
  ];
  it.each(phrases)("reads %j", (sentence, action, variables) => {
    expect(match(sentence)).toMatchObject({ kind: "plan", steps: [{ action, variables }] });
  });

  it("has such a phrase for every action that words may lead to", () => {
    const found = new Set(phrases.map(([, action]) => action));
    const spoken = catalogue.filter((action) => action.byNameOnly !== true).map(({ id }) => id);
    expect(spoken.filter((id) => !found.has(id))).toEqual([]);
  });

  // What no action does is not done by one that comes close: nothing deletes files, or takes a certificate back.
  it.each([
    "remove the certificate of nas",
    "revoke the certificate of nas",
    "delete the certificate authority",
    "renew everything",
    "renew all certificates",
    "issue certificates for everyone",
    "delete the folder photos",
    "delete the share photos and its files",
    "remove all shares",
    "stop sharing everything",
    "reset every samba password",
    "change the samba password of anna to hunter2",
    "do not renew the certificate of nas",
    "when does the certificate of nas expire",
  ])("makes no plan of %j", (sentence) => expect(match(sentence).kind).not.toBe("plan"));

  it.each(["close everything", "open all ports", "reboot everything", "is it running", "lock everybody out"])(
    "makes no plan of %j",
    (sentence) => expect(match(sentence).kind).not.toBe("plan"),
  );

  it.each(["lock the door", "disable smbd", "unlock the share"])("asks who is meant by %j", (sentence) => {
    expect(match(sentence)).toMatchObject({ kind: "question", question: { choices: ["anna", "bob"] } });
  });

  it("leads no words to a command that only explicit steps may name", () => {
    const sentences = [
      "run uptime",
      "run the command uptime",
      "shell run uptime",
      "run a listed command as root",
      "shell.run uptime",
    ];
    const answer = JSON.stringify({
      understood: "",
      outOfScope: false,
      steps: [{ action: "shell.run", variables: { command: "uptime" } }],
    });
    for (const sentence of sentences) {
      expect(JSON.stringify(match(sentence)), sentence).not.toContain("shell.run");
      expect(gradeAnswer(answer, contextFor(sentence)).kind, sentence).toBe("unsure");
    }
    expect(JSON.stringify(buildPrompt(contextFor("run uptime")))).not.toContain("shell.run");
    expect(JSON.stringify(noActionFits([], catalogue))).not.toContain("listed command");
  });

  it("gives john a share at an assumed path", () => {
    const understood = match("give john a share");
    if (understood.kind !== "plan") throw new Error(JSON.stringify(understood));
    const task = newTask(
      {
        tenantId: "ten_provider",
        taskId: "tsk_1",
        kind: "action",
        requestId: "1".repeat(32),
        requestedBy: { id: "per_1", name: "Anna" },
        targets: [{ id, name: "nas-1" }],
        mode: "apply",
        verbosity: 0,
      },
      1,
    );
    const bundles = Object.fromEntries(catalogue.map((action) => [action.id, "a".repeat(64)]));
    const plan = buildPlan({
      task,
      steps: understood.steps,
      actions: catalogue,
      release: { version: 1, bundles },
      targets: [{ id, facts }],
      nowMs: 1,
    });
    expect(plan.steps[0]).toMatchObject({
      variables: { users: ["john"], share: "john", path: "/srv/samba/john" },
      provenance: { users: { source: "said" }, path: { source: "assumed" } },
    });
  });

  it("asks one question for a user without a name, and says a clear no to the weather", () => {
    expect(match("add a user")).toMatchObject({ kind: "question", question: { variable: "username" } });
    expect(match("what's the weather")).toMatchObject({ kind: "unsure", nearest: [] });
  });

  it.each(["restart everything", "restart all services", "share everything", "add user everything"])(
    "takes no word for how many as a name: %j",
    (sentence) => {
      expect(match(sentence)).toMatchObject({ kind: "refused" });
      const steps = [
        { action: "service.restart", variables: { service: "everything" } },
        { action: "samba.share.add", variables: { share: "everything" } },
        { action: "users.add", variables: { username: "everything" } },
      ];
      for (const step of steps) {
        const answer = JSON.stringify({ understood: "", outOfScope: false, steps: [step] });
        expect(gradeAnswer(answer, contextFor(sentence)).kind).toBe("unsure");
      }
    },
  );

  it.each(["???", "!", ",", "and", "please, thanks", "a, and then", "please"])("%j asks for nothing", (sentence) => {
    expect(match(sentence)).toMatchObject({ kind: "unsure" });
  });

  it("asks which service is meant where a model names one that is not there", () => {
    const steps = [{ action: "service.restart", variables: { service: "samba" } }];
    const answer = JSON.stringify({ understood: "", outOfScope: false, steps });
    expect(gradeAnswer(answer, contextFor("restart samba"))).toMatchObject({
      kind: "question",
      question: { variable: "service", choices: ["smbd", "dnsmasq"] },
      steps: [{ variables: {} }],
    });
  });

  it("makes no plan of a hostile instruction, nor lets a model make one", () => {
    const proposals = [
      ...["eve", "john", "anna", "eve2"].map((username) => ({ action: "users.add", variables: { username } })),
      { action: "users.add", variables: { username: "eve", groups: ["sudo"] } },
      { action: "users.add", variables: { username: "john", sshKey } },
      { action: "users.remove", variables: { username: "anna" } },
      { action: "users.list", variables: {} },
      { action: "service.restart", variables: { service: "smbd" } },
      { action: "disk.usage", variables: {} },
      { action: "samba.share.add", variables: { share: "photos" } },
      { action: "samba.share.add", variables: { share: "config", path: "/srv/config" } },
    ];
    const clear = hostile.filter((instruction) => match(instruction).kind === "refused");
    expect(clear.length).toBeGreaterThanOrEqual(60);
    for (const instruction of hostile) {
      expect(["refused", "unsure"], instruction).toContain(match(instruction).kind);
      for (const step of proposals) {
        const raw = JSON.stringify({ understood: "x", outOfScope: false, steps: [step] });
        expect(gradeAnswer(raw, contextFor(instruction)).kind, `${instruction} ${raw}`).not.toBe("plan");
      }
    }
  });
});
