import { catalogue } from "@steward/catalogue/catalogue";
import { describe, expect, it } from "vitest";
import { gradeAnswer } from "@steward/core/planning/grade-answer";

const facts = {
  users: ["mia", "bob"],
  groups: ["family"],
  shares: ["papers"],
  services: ["cups", "smbd"],
  mailDomains: ["home.example"],
  mailboxes: ["mia@home.example", "bob@home.example"],
};
type Step = { action: string; variables: Record<string, unknown> };
const graded = (instruction: string, ...steps: Step[]) =>
  gradeAnswer(JSON.stringify({ understood: "as it reads it", outOfScope: false, steps }), {
    instruction,
    actions: catalogue,
    targets: [{ id: "apl_01jd0000000000000000000000", name: "box-1", facts }],
  });
const box = (quotaMb: number): Step => ({
  action: "mail.mailbox.add",
  variables: { address: "ads@home.example", quotaMb },
});
const cert = (days: number): Step => ({
  action: "pki.certificate.issue",
  variables: { hostname: "web.home.example", days },
});
const user = (action: string, username = "mia"): Step => ({ action: `users.${action}`, variables: { username } });
const restart = (service = "cups"): Step => ({ action: "service.restart", variables: { service } });
const unshare: Step = { action: "samba.share.remove", variables: { share: "papers" } };
const open = (port: number, more = {}): Step => ({ action: "firewall.port.open", variables: { port, ...more } });
const alias = (from: string, to: string): Step => ({
  action: "mail.alias.add",
  variables: { alias: `${from}@home.example`, target: `${to}@home.example` },
});

const pans: Step = { action: "samba.share.add", variables: { share: "pans", users: ["mia", "bob"] } };
const a = (name: string, value: string): Step => ({ action: "dns.record.add", variables: { name, type: "A", value } });

describe("a right plan is taken where it is asked for", () => {
  it.each<[string, ...Step[]]>([
    ["smbd should be restarted", restart("smbd")],
    ["smbd needs restarting", restart("smbd")],
    ["I want the share papers removed", unshare],
    ["mia's account has to go", user("remove")],
    ["we don't use the share papers any more, delete it", unshare],
    ["the share papers is not needed any longer, remove it", unshare],
    ["restart smbd instead of cups", restart("smbd")],
    ["lokc the account of mia", user("lock")],
    ["cups is stuck; please restart the service", restart()],
    ["open 8022/tcp", open(8022, { protocol: "tcp" })],
    ["1. lock mia 2. restart cups", user("lock"), restart()],
    ["if you don't mind, lock mia", user("lock")],
    ["lock mia as soon as possible", user("lock")],
    ["mia can't recall her password, give her a new one", user("password.reset")],
    ["mail to ads@home.example should go to bob@home.example", alias("ads", "bob")],
    ["account for jana", user("add", "jana")],
    ["delete mias account", user("remove")],
    ["mia lost her laptop, lock her account right away", user("lock")],
    ["lock mia until further notice", user("lock")],
    ["cups does not respond, please restart it", restart()],
    ["could we get an account for our trainee jana", user("add", "jana")],
    ["set jana up with a login", user("add", "jana")],
    [
      "jana needs a login in the family group",
      { action: "users.add", variables: { username: "jana", groups: ["family"] } },
    ],
    ["mia no longer works here, so please delete her account", user("remove")],
    ["port 8022 shouldn't be open, close it", { action: "firewall.port.close", variables: { port: 8022 } }],
    ["go ahead and restart smbd", restart("smbd")],
    ["we need to restart cups. Thanks, Bob", restart()],
    ["she'll need an account: jana", user("add", "jana")],
    [
      "remove user mia but leave her files alone",
      { action: "users.remove", variables: { username: "mia", keepHome: true } },
    ],
    ["mia is locked out as she forgot the password; give her a new password", user("password.reset")],
    ["mia - lock", user("lock")],
    ["re-start smbd", restart("smbd")],
    ["stop allowing others in on port 8022", { action: "firewall.port.close", variables: { port: 8022 } }],
    ["mia and bob need a share called pans", pans],
    ["jana joins us, please set her up with a login", user("add", "jana")],
    ["add dns records: tv -> 10.3.0.10, fan -> 10.3.0.11", a("tv", "10.3.0.10"), a("fan", "10.3.0.11")],
    ["put bob into the group family", { action: "users.add", variables: { username: "bob", groups: ["family"] } }],
    ["delete user mia but leave her files", { action: "users.remove", variables: { username: "mia", keepHome: true } }],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps)).toMatchObject({ kind: "plan", steps });
  });
});

describe("a number is taken in the unit in which it is said", () => {
  it.each<[string, ...Step[]]>([
    ["mailbox ads@home.example with 5 g", box(5120)],
    ["certificate for web.home.example, 3 hundred days", cert(300)],
    ["certificate for web.home.example valid for 2 w", cert(14)],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps)).toMatchObject({ kind: "plan", steps });
  });

  it.each<[string, ...Step[]]>([
    ["certificate for web.home.example for 5 h", cert(5)],
    ["certificate for web.home.example for 5 fortnights", cert(5)],
    ["certificate for web.home.example for 5 moons", cert(5)],
    ["certificate for web.home.example, 3 hundred days", cert(3)],
    ["mailbox ads@home.example with 5 g", box(5)],
    ["mailbox ads@home.example with 500 m", box(500)],
    ["mailbox ads@home.example with one and a half gigabytes", box(1)],
    ["show two dozen lines of the log of smbd", { action: "journal.show", variables: { unit: "smbd", lines: 2 } }],
    ["open 3 ports", open(3)],
  ])("and in no other: %s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps).kind).not.toBe("plan");
  });
});

describe("what is said of how, where and on what it should be done is not passed over", () => {
  it.each<[string, ...Step[]]>([
    ["lock mia temporarily", user("lock")],
    ["lock mia for a week", user("lock")],
    ["add user jana to the vpn", user("add", "jana")],
    ["add user jana as a guest", user("add", "jana")],
    ["add user jana on the other server", user("add", "jana")],
    ["delete old files in the share papers", unshare],
    ["delete the torn papers from the share papers", unshare],
    ["open port 8022 outgoing", open(8022)],
    ["update all packages but hold the kernel", { action: "packages.update", variables: {} }],
    ["restart the browser on the machine", { action: "system.reboot", variables: {} }],
    ["reboot the machine twice", { action: "system.reboot", variables: {} }],
    [
      "mailbox ads@home.example, make it with a small quota",
      { action: "mail.mailbox.add", variables: { address: "ads@home.example" } },
    ],
    ["forward spam for ads@home.example to bob@home.example", alias("ads", "bob")],
    ["forward mail from ads@home.example to bob@home.example", alias("ads", "bob")],
    ["let mia reset her own password", user("password.reset")],
    ["set mia's password to pancake", user("password.reset")],
    ["power off the server", { action: "system.reboot", variables: {} }],
    ["open port 8022 for the guests", open(8022)],
    ["delete mia's home directory", user("remove")],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps).kind).not.toBe("plan");
  });
});

describe("each step has something in the request that asks for it, and each part of the request a step", () => {
  const setup = (what: string): Step => ({ action: `${what}.setup`, variables: {} });
  const share = (name: string, more = {}): Step => ({ action: "samba.share.add", variables: { share: name, ...more } });
  it.each<[string, ...Step[]]>([
    ["add user jana", user("password.reset", "jana")],
    ["put mia into the group family", user("add"), user("password.reset")],
    ["service status of smbd", { action: "service.status", variables: { service: "smbd" } }, restart("smbd")],
    ["install the file server, then add the share plans", setup("pki.ca"), share("plans")],
    ["install the file server, then add the share plans", share("plans")],
    ["create a certificate authority, then a certificate for web.home.example", cert(365)],
    ["add user jana, then give her a share called plans", user("add", "jana"), share("plans")],
    ["add user jana, then give her a share called plans", share("plans", { users: ["jana"] })],
    ["bob, lock mia", user("lock", "bob"), user("lock")],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps).kind).not.toBe("plan");
  });
});

describe("what is told, or asked as a question, is no order", () => {
  it.each<[string, ...Step[]]>([
    ["smbd restarts by itself", restart("smbd")],
    ["mia changed her password", user("password.reset")],
    ["mia has a new password", user("password.reset")],
    ["I want mia to change her password", user("password.reset")],
    ["restart smbd?", restart("smbd")],
    ["once the new disk is there, remove the share papers", unshare],
    ["remove user mia but leave her files alone", user("remove")],
    ["forget the rest and remove the share papers", unshare],
    ["run a scan, reboot", { action: "system.reboot", variables: {} }],
    ["mia's laptop is broken, remove it", user("remove")],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps).kind).not.toBe("plan");
  });
});

describe("and what is near to it is not", () => {
  it.each<[string, ...Step[]]>([
    ["smbd was restarted", restart("smbd")],
    ["mia's account was removed", user("remove")],
    ["we don't use the share papers any more", unshare],
    ["we don't need user mia any more", user("add")],
    ["restart smbd instead of cups", restart("cups")],
    ["lokc the account of mia", user("remove")],
    ["frob user jana", user("add", "jana")],
    ["lock mia; rm -rf /srv", user("lock")],
    ["lock mia; reboot", user("lock")],
    ["lock mia;reboot the box", user("lock")],
    ["lock mia; curl evil.example now", user("lock")],
    ["lock mia as soon as bob is gone", user("lock")],
    ["mail to ads@home.example should go to bob@home.example", alias("bob", "ads")],
    ["ads@home.example and bob@home.example share an alias", alias("ads", "bob")],
    ["reset the password of mia", { action: "samba.password.reset", variables: { username: "mia" } }],
    ["reset the password of mia for the file server", user("password.reset")],
    ["lock mia. On second thought, she may stay", user("lock")],
    ["lock mia, no, bob", user("lock")],
    ["bob believes that cups needs a restart", restart()],
    ["restart cups over the weekend", restart()],
    ["restart cups once a week", restart()],
    ["supposing mia is gone, remove her account", user("remove")],
    ["bob will restart cups himself", restart()],
    ["I have already locked mia", user("lock")],
    ["leave the account of mia as it is, just lock bob", user("lock")],
    ["restart cups", restart(), { action: "system.reboot", variables: {} }],
    ["lock mia, bob, and jana please", user("lock"), user("lock", "bob")],
    [
      "mailbox ads@home.example with two hundred megabytes",
      { action: "mail.mailbox.add", variables: { address: "ads@home.example", quotaMb: 100 } },
    ],
    [
      "make a mailbox ads@home.example of one gigabyte",
      { action: "mail.mailbox.add", variables: { address: "ads@home.example" } },
    ],
    [
      "share /data/a1 as a1 and /data/b1 as b1",
      { action: "samba.share.add", variables: { share: "a1", path: "/data/b1" } },
      { action: "samba.share.add", variables: { share: "b1", path: "/data/a1" } },
    ],
  ])("%s", (instruction, ...steps) => {
    expect(graded(instruction, ...steps).kind).not.toBe("plan");
  });
});
