import { expect, test } from "vitest";
import { aptSettingsOf } from "./apt.ts";

const machine = { id: "debian", codename: "bookworm" };
const dump = `APT "";
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::Retries "5";
DPkg::Post-Invoke "";
`;

test("takes release, updates and security from where the machine has them, and nothing else", () => {
  const settings = aptSettingsOf(
    machine,
    [
      "http://mirror.example/debian/|bookworm|main|Debian|$(SIGNED_BY)",
      "http://mirror.example/debian/|bookworm|contrib|Debian|$(SIGNED_BY)",
      "http://mirror.example/debian/|bookworm-updates|main|Debian|$(SIGNED_BY)",
      "http://mirror.example/debian/|bookworm-backports|main|Debian|$(SIGNED_BY)",
      "http://security.example/debian-security/|bookworm-security|main|Debian|",
      "http://vendor.example/apt/|bookworm|main|Vendor|/usr/share/keyrings/vendor.gpg",
      "",
    ].join("\n"),
    dump,
  );
  expect(settings).toMatchObject({
    codename: "bookworm",
    uri: "http://mirror.example/debian",
    components: ["main"],
    keyring: undefined,
    configuration: ['Acquire::http "";', 'Acquire::http::Proxy "http://proxy.example:3128";', 'Acquire::Retries "5";'],
  });
  expect(settings.sources).toEqual([
    "deb http://mirror.example/debian bookworm main",
    "deb http://mirror.example/debian bookworm contrib",
    "deb http://mirror.example/debian bookworm-updates main",
    "deb http://security.example/debian-security bookworm-security main",
  ]);
});

test("Ubuntu has its Ansible in universe", () => {
  const targets = ["main", "universe"].map((part) => `http://ubuntu.example/ubuntu/|noble|${part}|Ubuntu|`).join("\n");
  expect(aptSettingsOf({ id: "ubuntu", codename: "noble" }, targets, "").components).toEqual(["main", "universe"]);
});

test("says what to do when apt has never read its lists", () => {
  expect(() => aptSettingsOf(machine, "", "")).toThrow("apt on this machine knows no archive of bookworm");
});
