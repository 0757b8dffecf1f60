import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exclusively } from "./exclusively.ts";
import { placesOf } from "./install.ts";
import { upgradeEndFile, upgradeHere, type UpgradeHereOptions } from "./service-commands.ts";

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
    settings: async () => ({ stateDir: state }),
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
      { settings: () => Promise.reject(new AppError("invalid_request", "STEWARD_STATE_DIR is empty")) },
      "STEWARD_STATE_DIR is empty",
    ],
    [
      "a file that they name is not there",
      { settings: () => Promise.reject(new Error("ENOENT: /etc/ca.pem")) },
      "/etc/ca.pem",
    ],
    ["the host lacks what it needs", { run: node("v18.0.0") }, "cannot be upgraded here"],
    ["the machine is not enrolled", {}, ""],
  ])("is kept where %s", async (_, over, why) => {
    await expect(upgrade(over)).rejects.toThrow();
    expect(kept()).toMatchObject({ id: "one", type: "failed", why: expect.stringContaining(why) });
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
