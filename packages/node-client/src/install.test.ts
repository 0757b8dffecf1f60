import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256Hex } from "@steward/contracts/canonical";
import { checkHost, installService, pinnedRoot, placesOf, type Run, uninstallService, unitFile } from "./install.ts";

const service = { program: "worker", user: "steward-worker" } as const;
let root: string;
let asked: string[];
let said: string[];
let inputs: string[];
/** What the host's programs answer. */
let node: string;
let uid: string;
let known: boolean;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "steward-install-"));
  mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  writeFileSync(join(root, "build.mjs"), "the worker");
  writeFileSync(join(root, "unit.service"), "[Unit]\n");
  [asked, said, inputs, node, uid, known] = [[], [], [], "v24.3.0", "0", false];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run: Run = (command, args, options) => {
  asked.push([command, ...args].join(" "));
  if (options?.input !== undefined) inputs.push(options.input);
  if (command === "id" && args.length === 1 && args[0] !== "-u") return { code: known ? 0 : 1, text: "" };
  if (command === "id" && args.length === 1) return { code: 0, text: uid };
  // This test's own user: whoever it is may give a file to itself.
  if (command === "id") return { code: 0, text: String(args[0] === "-u" ? process.getuid?.() : process.getgid?.()) };
  if (command === "useradd") known = true;
  if (args.includes("--version")) return { code: 0, text: node };
  if (args.includes("enrol")) enrolWith(rootKey);
  return { code: 0, text: "" };
};
const rootKey = Buffer.from("the root key").toString("base64");
const enrolWith = (rootPublicKey: string) =>
  writeFileSync(join(placesOf(service, root).state, "node.json"), JSON.stringify({ rootPublicKey }));
const install = (over: Partial<Parameters<typeof installService>[0]> = {}) =>
  installService({
    service,
    program: join(root, "build.mjs"),
    unit: join(root, "unit.service"),
    enrol: { url: "https://api.steward.example", token: "the-token" },
    settings: { STEWARD_WORKER_SLOTS: "4" },
    run,
    say: (line) => said.push(line),
    root,
    ...over,
  });

describe("the installer", () => {
  it("makes a host: user, folders, program, settings, unit, enrolment; no argument has the token", () => {
    install();
    const places = placesOf(service, root);
    expect(readFileSync(places.program, "utf8")).toBe("the worker");
    expect(readFileSync(places.command, "utf8")).toBe("the worker");
    expect(readFileSync(places.unit, "utf8")).toBe("[Unit]\n");
    expect(readFileSync(places.settings, "utf8")).toContain('STEWARD_WORKER_SLOTS="4"\n');
    expect(statSync(places.state).mode & 0o777).toBe(0o700);
    expect(asked.filter((line) => /^(useradd|systemctl)/.test(line))).toEqual([
      expect.stringContaining("useradd --system"),
      "systemctl daemon-reload",
      "systemctl enable steward-worker.service steward-worker-settle.service",
      "systemctl restart steward-worker.service",
    ]);
    expect(inputs).toEqual(["the-token"]);
    expect([...asked, ...said].join("\n")).not.toContain("the-token");
  });

  it("done by hand ends an upgrade that was cut short: nobody goes back from what it put there", () => {
    install();
    const journal = `${placesOf(service, root).program}.upgrade.json`;
    writeFileSync(journal, "{}");
    install();
    expect(existsSync(journal)).toBe(false);
    writeFileSync(journal, "{}");
    uninstallService({ service, run, say: (line) => said.push(line), root });
    expect(existsSync(journal)).toBe(false);
  });

  it("finds the unit beside the program, or that of the host it is installed on", () => {
    const installed = join(root, "opt/steward");
    mkdirSync(installed, { recursive: true });
    expect(() => unitFile(service, installed, root)).toThrow("is not beside this program");
    install();
    expect(unitFile(service, installed, root)).toBe(placesOf(service, root).unit);
    writeFileSync(join(root, "steward-worker.service"), "");
    expect(unitFile(service, root, root)).toBe(join(root, "steward-worker.service"));
  });

  it("may be run again: what somebody set stays, and a newer build comes in", () => {
    install();
    const places = placesOf(service, root);
    writeFileSync(places.settings, 'STEWARD_WORKER_SLOTS="9"\n');
    writeFileSync(join(root, "build.mjs"), "a newer worker");
    installService({
      service,
      program: join(root, "build.mjs"),
      unit: join(root, "unit.service"),
      settings: {},
      run,
      say: () => {},
      root,
    });
    expect(readFileSync(places.settings, "utf8")).toBe('STEWARD_WORKER_SLOTS="9"\n');
    expect(readFileSync(places.command, "utf8")).toBe("a newer worker");
    expect(asked.filter((line) => line.startsWith("useradd"))).toHaveLength(1);
  });

  it("keeps the root key where the worker's user cannot write, and takes no other one", () => {
    install({ enrol: { url: "https://api.steward.example", token: `the-token.${sha256Hex("the root key")}` } });
    expect(pinnedRoot(placesOf(service, root))).toBe(rootKey);
    expect(statSync(placesOf(service, root).trust).mode & 0o777).toBe(0o700);
    enrolWith(Buffer.from("another key").toString("base64"));
    expect(() => install({ enrol: undefined } as never)).toThrow(expect.objectContaining({ code: "forbidden" }));
    expect(pinnedRoot(placesOf(service, root))).toBe(rootKey);
  });

  it("keeps none that the token does not name", () => {
    const token = `the-token.${sha256Hex("another key")}`;
    expect(() => install({ enrol: { url: "https://api.steward.example", token } })).toThrow(
      expect.objectContaining({ code: "forbidden" }),
    );
    expect(pinnedRoot(placesOf(service, root))).toBeUndefined();
  });

  it("says everything that is wrong with the host at once, and changes nothing", () => {
    node = "v18.20.1";
    uid = "1000";
    rmSync(join(root, "run"), { recursive: true });
    expect(() => install()).toThrow(
      expect.objectContaining({
        fields: [
          expect.objectContaining({ message: expect.stringContaining("root") }),
          expect.objectContaining({ message: expect.stringContaining("systemd does not run") }),
          expect.objectContaining({ message: expect.stringContaining("v18.20.1") }),
        ],
      }),
    );
    expect(existsSync(placesOf(service, root).program)).toBe(false);
  });

  it("says of an upgrade or an uninstallation what it lacks, and speaks of no installation", () => {
    [uid, node] = ["1000", "v20.1.0"];
    const told = (purpose: "upgrade" | "uninstall") => {
      try {
        return checkHost(purpose, { service, run, root });
      } catch (error) {
        return `${JSON.stringify(error)} ${String(error)}`;
      }
    };
    expect(told("upgrade")).toMatch(/sudo steward-worker upgrade.*it needs 24/);
    // Taking it off needs no Node that systemd would find.
    expect(told("uninstall")).toMatch(/sudo steward-worker uninstall/);
    expect(told("uninstall")).not.toContain("needs 24");
    for (const purpose of ["upgrade", "uninstall"] as const)
      expect(told(purpose)).not.toMatch(/be installed|install\.sh/);
  });

  it("takes off all of it but the settings", () => {
    install();
    const places = placesOf(service, root);
    uninstallService({ service, run, say: () => {}, root });
    for (const path of [places.program, places.unit, places.state, places.trust]) expect(existsSync(path)).toBe(false);
    expect(() => lstatSync(places.command)).toThrow("ENOENT");
    expect(existsSync(places.settings)).toBe(true);
  });

  it("makes an agent's host the same way, as root's, and takes off nothing of the worker beside it", () => {
    const agent = { program: "agent" } as const;
    mkdirSync(placesOf(agent, root).state, { recursive: true });
    install();
    install({ service: agent, settings: {} });
    const places = placesOf(agent, root);
    expect(readFileSync(places.settings, "utf8")).toBe('STEWARD_STATE_DIR="/var/lib/steward-agent"\n');
    expect(readFileSync(places.settleUnit, "utf8")).toContain("steward-agent-previous.mjs upgrade --settle");
    expect(asked.filter((line) => line.startsWith("useradd"))).toHaveLength(1);
    const builds = join(root, "opt/steward/builds");
    mkdirSync(builds);
    for (const name of ["steward-agent-1.mjs", "steward-worker-1.mjs"]) writeFileSync(join(builds, name), "");
    uninstallService({ service: agent, run, say: () => {}, root });
    expect(existsSync(places.program)).toBe(false);
    expect(existsSync(placesOf(service, root).program)).toBe(true);
    expect(readdirSync(builds)).toEqual(["steward-worker-1.mjs"]);
  });

  it("killed anywhere on its way, is done whole when it is run again", () => {
    let steps = 0;
    let dieAt = Number.POSITIVE_INFINITY;
    // It can be seen at every program that it runs, and at what it says between them.
    const dying: Run = (...call) => {
      steps += 1;
      if (steps >= dieAt) throw new Error("killed");
      return run(...call);
    };
    const say = () => {
      steps += 1;
      if (steps >= dieAt) throw new Error("killed");
    };
    install({ run: dying, say });
    const whole = steps;
    for (let at = 1; at <= whole; at += 1) {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(join(root, "run/systemd/system"), { recursive: true });
      writeFileSync(join(root, "build.mjs"), "the worker");
      writeFileSync(join(root, "unit.service"), "[Unit]\n");
      [known, steps, dieAt] = [false, 0, at];
      expect(() => install({ run: dying, say })).toThrow("killed");
      dieAt = Number.POSITIVE_INFINITY;
      asked = [];
      install({ run: dying, say });
      const places = placesOf(service, root);
      for (const path of [places.program, places.command, places.unit, places.settings, places.state, places.trust]) {
        expect(existsSync(path), `${path}, killed at ${at}`).toBe(true);
      }
      expect(asked).toContain("systemctl restart steward-worker.service");
    }
  });
});
