import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { riskOf } from "@steward/contracts/risk";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dnsRecordAdd } from "./actions/dns.ts";
import { firewallPortClose, firewallPortOpen } from "./actions/firewall.ts";
import { pkiCertificateIssue } from "./actions/pki.ts";
import { sambaShareAdd } from "./actions/samba.ts";
import { serviceRestart } from "./actions/service.ts";
import { shellRun } from "./actions/shell.ts";
import { usersAdd, usersLock, usersPasswordReset, usersUnlock } from "./actions/users.ts";
import { catalogue } from "./catalogue.ts";
import { defineAction, slotPattern } from "./define-action.ts";
import { harmlessGroups, secretReference } from "./variables.ts";

const ed25519 = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"Gk".repeat(22).slice(0, 43)}`;

/** Values that mean something to a shell, Jinja, YAML, smb.conf, dnsmasq, or a path. None fits any variable. */
const hostile = [
  "{{ 7 * 7 }}",
  "{{ lookup('pipe', 'id') }}",
  "{% raw %}",
  "{# #}",
  "!unsafe x",
  "&anchor",
  "*alias",
  "john; rm -rf /",
  "john && id",
  "john | id",
  "$(id)",
  "`id`",
  "${HOME}",
  "%U",
  "%(name)s",
  "john\nroot",
  "john\r",
  "john\0",
  "john\u202eroot",
  "jоhn",
  "../../etc/passwd",
  "/etc/passwd",
  "..",
  "-rf",
  "--help",
  "~root",
  "a'b",
  'a"b',
  "a\\b",
  "<script>",
  "a,b",
  "a#b",
  "[global]",
  "",
  " ",
  "\t",
  "x".repeat(5000),
];

/** A minimal set of good values for every action. */
const good: Record<string, Record<string, unknown>> = {
  "users.add": { username: "john", groups: ["users"], sshKey: ed25519 },
  "users.remove": { username: "john", keepHome: true },
  "users.lock": { username: "john" },
  "users.unlock": { username: "john", administrator: true },
  "users.password.reset": { username: "john", administrator: true },
  "users.list": {},
  "samba.server.setup": { workgroup: "HOME" },
  "samba.share.add": { share: "photos", path: "/srv/samba/photos", users: ["john"], readOnly: false },
  "samba.share.remove": { share: "photos" },
  "samba.password.reset": { username: "john" },
  "dns.server.setup": { domain: "home.example" },
  "dns.record.add": { name: "nas", type: "A", value: "192.168.1.5", ttl: 300 },
  "dns.record.remove": { name: "nas", type: "A" },
  "mail.server.setup": { domain: "home.example", hostname: "mail.home.example" },
  "mail.mailbox.add": { address: "john@home.example", quotaMb: 500 },
  "mail.mailbox.remove": { address: "john@home.example" },
  "mail.mailbox.list": {},
  "mail.password.reset": { address: "john@home.example" },
  "mail.alias.add": { alias: "info@home.example", target: "john@home.example" },
  "pki.ca.setup": {},
  "pki.certificate.issue": { hostname: "nas.home.example", days: 90 },
  "pki.certificate.renew": { hostname: "nas.home.example" },
  "service.restart": { service: "dnsmasq" },
  "service.status": { service: "dnsmasq" },
  "packages.update": { securityOnly: true },
  "firewall.port.open": { port: 8080, protocol: "tcp", source: "192.168.1.0/24" },
  "firewall.port.close": { port: 8080, protocol: "tcp" },
  "disk.usage": {},
  "journal.show": { unit: "dnsmasq", lines: 50 },
  "system.facts": {},
  "system.ping": {},
  "system.reboot": {},
  "agent.upgrade": { version: "1.2.3" },
  "shell.run": { command: "uptime" },
};

describe("every action", () => {
  test("has the id, variables and values that the design fixes", () => {
    expect(catalogue.map(({ id }) => id)).toEqual(Object.keys(good));
    for (const action of catalogue) {
      expect(action.variables.safeParse(good[action.id]), action.id).toMatchObject({ success: true });
      expect(Object.keys(action.variables.shape)).toEqual(Object.keys(good[action.id] ?? {}));
    }
  });

  test("refuses variables that it does not have", () => {
    for (const action of catalogue) {
      const result = action.variables.safeParse({ ...good[action.id], extra: "x" });
      expect(result.success, action.id).toBe(false);
    }
  });

  // What a command may be is for the policy that lists it, and nothing else ever names one: see `shell.run` below.
  const spoken = catalogue.filter(({ byNameOnly }) => byNameOnly !== true);
  test.each(spoken.map((action) => [action.id, action] as const))("%s takes no hostile text", (id, action) => {
    for (const [name, value] of Object.entries(good[id] ?? {})) {
      if (typeof value !== "string" && !Array.isArray(value)) continue;
      const input = (text: string) => ({ ...good[id], [name]: Array.isArray(value) ? [text] : text });
      for (const bad of hostile) {
        expect(action.variables.safeParse(input(bad)).success, `${name}=${JSON.stringify(bad)}`).toBe(false);
        // Behind a good beginning, what is harmless alone may make another good value.
        if (/^[A-Za-z0-9 ./-]*$/.test(bad)) continue;
        const text = `${Array.isArray(value) ? value[0] : value}${bad}`;
        expect(action.variables.safeParse(input(text)).success, `${name}=${JSON.stringify(text)}`).toBe(false);
      }
    }
  });

  test("lets no character through that a template or a shell would read", () => {
    const special = fc.constantFrom(..."{}%$`\"'\\|&;<>()*?[]#!^\n\r\t\0".split(""));
    for (const action of spoken) {
      for (const [name, value] of Object.entries(good[action.id] ?? {})) {
        const text: unknown = Array.isArray(value) ? value[0] : value;
        if (typeof text !== "string") continue;
        fc.assert(
          fc.property(special, fc.nat(text.length), fc.string({ maxLength: 5 }), (character, at, rest) => {
            const changed = text.slice(0, at) + character + rest + text.slice(at);
            const input = { ...good[action.id], [name]: Array.isArray(value) ? [changed] : changed };
            return !action.variables.safeParse(input).success;
          }),
          { numRuns: 200 },
        );
      }
    }
  });

  test("has examples that fill only its variables, and words of its own", () => {
    for (const action of spoken) {
      expect(action.examples.length).toBeGreaterThanOrEqual(6);
      expect(new Set(action.examples).size).toBe(action.examples.length);
      expect(action.words.length).toBeGreaterThan(3);
      for (const required of action.variables.safeParse({}).error?.issues ?? []) {
        const name = String(required.path[0]);
        const slots = action.examples.flatMap((example) => [...example.matchAll(slotPattern)].map(([, slot]) => slot));
        expect(slots, `${action.id} has an example with ${name}`).toContain(name);
      }
    }
  });

  test("assumes only values that fit", () => {
    for (const action of catalogue) {
      for (const name of Object.keys(action.variables.shape)) {
        const { [name]: _left, ...rest } = good[action.id] ?? {};
        const assumed = action.defaults({}, rest as Record<string, string>);
        if (name in assumed) {
          expect(action.variables.safeParse({ ...rest, ...assumed }).success, `${action.id}.${name}`).toBe(true);
        }
      }
    }
    expect(sambaShareAdd.defaults({}, { share: "photos" })).toEqual({ path: "/srv/samba/photos" });
    expect(sambaShareAdd.defaults({}, { share: "photos", path: "/data/photos" })).toEqual({});
  });
});

describe("values", () => {
  const fits = (action: typeof usersAdd, variables: object) => action.variables.safeParse(variables).success;

  test("accounts of the system and words for many people are no usernames", () => {
    for (const username of ["root", "daemon", "www-data", "nobody", "systemd-network", "sudo", "everyone", "steward"]) {
      expect(fits(usersAdd, { username }), username).toBe(false);
    }
    for (const username of ["john", "anna-maria", "j_doe", "rooty", "a1"]) {
      expect(fits(usersAdd, { username }), username).toBe(true);
    }
  });

  test("only whole public keys of the type that they name", () => {
    expect(fits(usersAdd, { username: "john", sshKey: `${ed25519} john@laptop` })).toBe(true);
    for (const sshKey of [
      ed25519.slice(0, -1),
      `${ed25519}A`,
      `command="id" ${ed25519}`,
      `${ed25519}\n${ed25519}`,
      ed25519.replace("ssh-ed25519", "ssh-rsa"),
      "-----BEGIN OPENSSH PRIVATE KEY-----",
    ]) {
      expect(fits(usersAdd, { username: "john", sshKey }), sshKey).toBe(false);
    }
  });

  test("a share's path is below a directory that is not the system's", () => {
    const share = "photos";
    for (const path of ["/srv/samba/photos", "/data/a.b/c", "/mnt/disk1/films", "/home/john/public", "/srv"]) {
      expect(fits(sambaShareAdd, { share, path }), path).toBe(true);
    }
    for (const path of [
      "/",
      "/etc",
      "/etc/samba",
      "/root",
      "/var/lib",
      "/usr/share",
      "/proc/1",
      "/dev/sda",
      "/tmp/x",
    ]) {
      expect(fits(sambaShareAdd, { share, path }), path).toBe(false);
    }
    for (const path of ["srv/x", "/srv/../etc", "/srv/./x", "/srv//x", "/srv/.ssh", "/srv/x/", "/srv/a b"]) {
      expect(fits(sambaShareAdd, { share, path }), path).toBe(false);
    }
  });

  test("a source is one address or network, and not everything", () => {
    for (const source of ["10.0.0.1", "192.168.1.0/24", "10.0.0.0/8", "fd00::1", "fd00::/64", "2001:db8::/32"]) {
      expect(fits(firewallPortOpen, { port: 80, source }), source).toBe(true);
    }
    for (const source of [
      "0.0.0.0/0",
      "::/0",
      "10.0.0.0/0",
      "10.0.0.0/7",
      "10.0.0.0/33",
      "300.0.0.1",
      "nas",
      "1:2",
      "any",
    ]) {
      expect(fits(firewallPortOpen, { port: 80, source }), source).toBe(false);
    }
    for (const port of [0, 65_536, 1.5, -1]) expect(fits(firewallPortOpen, { port }), String(port)).toBe(false);
  });

  test("a command is one visible line", () => {
    for (const command of ["uptime", "df -h | sort", "a"]) expect(fits(shellRun, { command }), command).toBe(true);
    for (const command of ["", " ls", "ls ", "a\nb", "a\tb", "a\u202eb", "é", "x".repeat(1001)]) {
      expect(fits(shellRun, { command }), command).toBe(false);
    }
  });

  test("a record's value fits its type", () => {
    const cases: [type: string, value: string, right: boolean][] = [
      ["A", "192.168.1.5", true],
      ["A", "256.1.1.1", false],
      ["A", "nas", false],
      ["AAAA", "fd00::5", true],
      ["AAAA", "192.168.1.5", false],
      ["CNAME", "nas.home.example", true],
      ["CNAME", "192.168.1.5", false],
      ["MX", "10 mail.home.example", true],
      ["MX", "mail.home.example", false],
      ["TXT", "v=spf1 -all", true],
      ["TXT", "a,b", false],
    ];
    for (const [type, value, right] of cases) {
      expect(fits(dnsRecordAdd, { name: "nas", type, value }), `${type} ${value}`).toBe(right);
    }
    // The name server has no such time for the others: it would be promised and not kept.
    expect(fits(dnsRecordAdd, { name: "nas", type: "A", value: "192.168.1.5", ttl: 60 })).toBe(true);
    expect(fits(dnsRecordAdd, { name: "nas", type: "TXT", value: "v=spf1 -all", ttl: 60 })).toBe(false);
    expect(dnsRecordAdd.defaults({}, { name: "nas", value: "fd00::5" })).toEqual({ type: "AAAA" });
    expect(dnsRecordAdd.defaults({}, { name: "nas", value: "other" })).toEqual({});
  });
});

describe("certificates", () => {
  const fits = (variables: object) => pkiCertificateIssue.variables.safeParse(variables).success;

  test("are for names, for as long as browsers take them", () => {
    for (const hostname of ["nas", "nas.home.example", "a-1.lan"]) expect(fits({ hostname }), hostname).toBe(true);
    for (const hostname of ["*.home.example", "localhost", "192.168.1.5", "nas.", "Nas", "nas:443", "https://nas"]) {
      expect(fits({ hostname }), hostname).toBe(false);
    }
    for (const [days, right] of [
      [1, true],
      [825, true],
      [826, false],
      [0, false],
      [1.5, false],
    ]) {
      expect(fits({ hostname: "nas", days }), String(days)).toBe(right);
    }
    expect(pkiCertificateIssue.defaults({}, { hostname: "nas" })).toEqual({ days: 365 });
  });

  test("that are good for over 13 months are riskier", () => {
    const high = (days: number) => riskOf(pkiCertificateIssue.risk, { hostname: "nas", days }).risk;
    expect([1, 90, 365, 397].map(high)).toEqual(["low", "low", "low", "low"]);
    expect([398, 399, 400, 500, 825].map(high)).toEqual(["medium", "medium", "medium", "medium", "medium"]);
  });
});

describe("risk looks at the values", () => {
  const risk = (action: typeof usersAdd, variables: Record<string, unknown>) => riskOf(action.risk, variables).risk;

  test("users", () => {
    expect(risk(usersAdd, { username: "john" })).toBe("low");
    expect(risk(usersAdd, { username: "john", groups: ["users", "audio"] })).toBe("low");
    // Whoever is in a group that nobody here knows may be root by it, or read what another one keeps.
    for (const group of ["sudo", "incus-admin", "ssl-cert", "mail", "dovecot", "crontab", "podman", "anna", "usersx"]) {
      expect(risk(usersAdd, { username: "john", groups: ["users", group] }), group).toBe("high");
    }
    expect(riskOf(usersAdd.risk, { groups: ["sudo"] }).why).toEqual(["gives the rights of an administrator"]);
    expect(risk(usersAdd, { username: "john", sshKey: ed25519 })).toBe("high");
  });

  test("an appliance takes the same groups for harmless", async () => {
    const vars = await readFile(join(import.meta.dirname, "../roles/users/vars/main.yml"), "utf8");
    expect(vars).toContain(`\nusers_harmless: [${harmlessGroups.join(", ")}]\n`);
  });

  test("shares", () => {
    const cases: Record<string, string> = {
      "/srv/samba/photos": "low",
      "/srv/samba/photos/2024": "low",
      "/srv/samba": "medium",
      "/srv/other": "medium",
      "/data/films": "medium",
      "/mnt/disk1/films": "medium",
      "/mnt/disk1": "high",
      "/srv": "high",
      "/home": "high",
      "/home/john": "high",
      "/": "high",
      "/etc": "high",
    };
    for (const [path, expected] of Object.entries(cases)) {
      expect(risk(sambaShareAdd, { share: "x", path }), path).toBe(expected);
    }
    expect(risk(sambaShareAdd, { share: "x" })).toBe("low");
  });

  test("ports", () => {
    const opened = (port: number) => risk(firewallPortOpen, { port, protocol: "tcp" });
    for (const port of [80, 443, 8080, 220, 2222, 33060]) expect(opened(port), String(port)).toBe("medium");
    for (const port of [22, 23, 139, 445, 2375, 3306, 3389, 5432, 5900, 6379, 27017]) {
      expect(opened(port), String(port)).toBe("high");
    }
    expect(risk(firewallPortClose, { port: 22 })).toBe("high");
    expect(risk(firewallPortClose, { port: 443 })).toBe("medium");
  });

  test("whoever gets in or is kept out", () => {
    for (const action of [usersLock, usersUnlock, usersPasswordReset]) {
      expect(risk(action, { username: "john" })).toBe("medium");
    }
    for (const action of [usersUnlock, usersPasswordReset]) {
      expect(risk(action, { username: "john", administrator: false })).toBe("medium");
      expect(risk(action, { username: "john", administrator: true })).toBe("high");
    }
    expect(risk(shellRun, { command: "true" })).toBe("high");
  });

  test("services", () => {
    expect(risk(serviceRestart, { service: "dnsmasq" })).toBe("medium");
    for (const service of ["ssh", "sshd", "networking", "systemd-networkd", "wg-quick@wg0"]) {
      expect(risk(serviceRestart, { service }), service).toBe("high");
    }
  });
});

describe("defineAction", () => {
  const { hints: _hints, ...definition } = usersAdd;
  const { hints } = usersAdd;

  test("takes a definition that keeps the rules", () => {
    expect(defineAction({ ...definition, hints }).id).toBe("users.add");
  });

  test.each<[string, Partial<typeof usersAdd>]>([
    ["needs a recorded undo", { undo: "none" }],
    ["fewer than six examples", { examples: ["add {username}"] }],
    ["has no variable name", { examples: Array.from({ length: 6 }, (_, index) => `add {name} ${index}`) }],
    ["has no hint", { hints: {} }],
    ["nobody may ask for it in words", { byNameOnly: true }],
    ["is no yes or no", { hints: { ...hints, username: { question: "Who?", flagWords: ["who"] } } }],
    ["at least `medium`", { kind: "command", undo: "none" }],
    [
      "is not anchored",
      { risk: { base: "low", rules: [{ variable: "groups", pattern: "sudo", risk: "high", why: "" }] } },
    ],
    ["which is no variable", { risk: { base: "low", rules: [{ variable: "group", risk: "high", why: "" }] } }],
    ["its timeout", { timeoutSeconds: 0 }],
    ["its id", { id: "Users Add" }],
  ])("refuses one that %s", (problem, change) => {
    expect(() => defineAction({ ...definition, hints, ...change })).toThrow(problem);
  });
});

test("how full the disks are is told in tens of the fullest one, the fullest first; anything else is nothing to glance at", () => {
  const glance = catalogue.find(({ id }) => id === "disk.usage")?.glance;
  const disks = [
    { mount: "/", usedPercent: 41 },
    { mount: "/srv", usedPercent: 87 },
  ];
  expect(glance?.({ disks })).toEqual({ text: "fullest disk /srv, 80–90 % used", rank: 80 });
  expect(glance?.({ disks: [{ mount: "/", usedPercent: 100 }] })).toEqual({
    text: "fullest disk /, 90–100 % used",
    rank: 90,
  });
  for (const odd of [{}, { disks: [] }, { disks: [{ mount: 7 }] }, "full", null]) expect(glance?.(odd)).toBeUndefined();
});

test("a secret is named, never written: anything that could be a value is refused", () => {
  for (const good of ["secret:wifi-key", "secret:wifi-key@3"])
    expect(secretReference.safeParse(good).success).toBe(true);
  for (const bad of ["wifi-key", "secret:", "secret:Wifi Key", "hunter2", "secret:a secret:b", "secret:key@", ""])
    expect(secretReference.safeParse(bad).success).toBe(false);
});
