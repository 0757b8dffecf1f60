import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { exclusively } from "./exclusively.ts";
import type { Identity } from "./identity.ts";
import { placesOf } from "./install.ts";
import {
  parseInstall,
  uninstallHere,
  upgradeEndFile,
  upgradeHere,
  type UpgradeHereOptions,
} from "./service-commands.ts";

const service = { program: "agent" } as const;
let root: string;
let state: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "steward-upgrade-here-"));
  state = placesOf(service, root).state;
  for (const path of [state, join(root, "opt/steward"), join(root, "run/systemd/system")]) {
    mkdirSync(path, { recursive: true });
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const kept = () => JSON.parse(readFileSync(join(state, upgradeEndFile), "utf8")) as object;
const node = (version: string) => (command: string) => ({ code: 0, text: command === "id" ? "0\n" : version });
const upgrade = (over: Partial<UpgradeHereOptions>) =>
  upgradeHere(service, {
    version: "1.0.0",
    settings: () => ({ stateDir: state }),
    id: "one",
    log: () => {},
    run: node("v24.1.0"),
    root,
    ...over,
  });

describe.runIf(process.platform === "linux")("how an upgrade ended that somebody asked for by its id", () => {
  it.each<[string, Partial<UpgradeHereOptions>, string]>([
    [
      "its settings cannot be read",
      {
        settings: () => {
          throw new AppError("invalid_request", "STEWARD_STATE_DIR is empty");
        },
      },
      "STEWARD_STATE_DIR is empty",
    ],
    [
      "a file that they name is not there",
      { settings: () => ({ stateDir: state, serverCaFile: join(root, "etc/ca.pem") }) },
      "/etc/ca.pem",
    ],
    ["the host lacks what it needs", { run: node("v18.0.0") }, "cannot be upgraded here"],
    ["the machine is not enrolled", {}, ""],
  ])("is kept where %s", async (_, over, why) => {
    await expect(upgrade(over)).rejects.toThrow();
    expect(kept()).toMatchObject({ id: "one", type: "failed", why: expect.stringContaining(why) });
  });

  it("is kept as it was where nobody can be told of it any more", async () => {
    vi.spyOn(process.stdout, "write").mockImplementation(() => {
      throw new Error("EPIPE");
    });
    await expect(upgrade({ settle: true })).rejects.toThrow("EPIPE");
    expect(kept()).toMatchObject({ id: "one", type: "current" });
  });

  it("is not said while another one is at it: that one's end is not this one's", async () => {
    const { lock } = placesOf(service, root);
    await exclusively(lock, async () => {
      await expect(upgrade({ settle: true })).rejects.toMatchObject({ code: "conflict" });
    });
    expect(kept).toThrow("ENOENT");
    expect(await upgrade({ settle: true })).toBe(true);
    expect(kept()).toMatchObject({ id: "one", type: "current" });
  });
});

describe.runIf(process.platform === "linux")("a program that is taken off its machine", () => {
  const { program } = service;
  let said: string;
  let ran: string[];
  const uninstall = async (kind: Identity["kind"]) => {
    const { program: installed, settings } = placesOf(service, root);
    const identity: Identity = {
      v: 1,
      nodeId: newId(kind, 1),
      tenantId: newId("tenant", 1),
      kind,
      name: "attic",
      nodesUrl: "https://127.0.0.1:1",
      rootPublicKey: "AAAA",
      tokenHash: "a".repeat(64),
    };
    writeFileSync(installed, "");
    writeFileSync(join(state, "node.json"), JSON.stringify(identity));
    writeFileSync(join(state, "current.pem"), "damaged");
    said = "";
    ran = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => (said += String(text)) !== "");
    await uninstallHere(service, {
      settings: () => ({ stateDir: state, serverCaFile: `${settings}.ca.pem` }),
      log: () => {},
      run: (command, args) => {
        ran.push([command, ...args].join(" "));
        return node("v24.1.0")(command);
      },
      root,
    });
  };
  const isThere = () => [placesOf(service, root).program, state].map((path) => existsSync(path));

  it("needs neither its certificate nor the door's where it is an appliance: who has invited it takes it off the list", async () => {
    await uninstall("appliance");
    expect(isThere()).toEqual([false, false]);
    expect(said).toContain("it is still on the list: steward appliances remove attic");
    expect(ran).toContain(`systemctl stop steward-${program}.service`);
  });

  it("goes on as before where it is a worker and cannot say goodbye: nothing is stopped for what cannot be read", async () => {
    await expect(uninstall("worker")).rejects.toThrow("ca.pem");
    expect(isThere()).toEqual([true, true]);
    expect(ran.filter((line) => line.startsWith("systemctl"))).toEqual([]);
  });
});

it("an installation is told where to enrol and with what, or neither; anything else is the program's own", () => {
  expect(parseInstall([])).toEqual({ enrol: undefined, values: {} });
  expect(parseInstall(["--url", "https://a", "--token", "-", "--slots", "2"], ["models", "slots"])).toEqual({
    enrol: { url: "https://a", token: "-" },
    values: { slots: "2" },
  });
  expect(() => parseInstall(["--url", "https://a"])).toThrow("give both");
  expect(() => parseInstall(["--slots", "2"])).toThrow("--slots");
});
