import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { settleUpgrade, type UpgradeOptions, upgradeProgram } from "./upgrade.ts";

let folder: string;
let program: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-upgrade-"));
  program = join(folder, "steward-worker.mjs");
  writeFileSync(program, "old");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const build = (text: string, version = "2.0.0") => ({
  version,
  sha256: createHash("sha256").update(text).digest("hex"),
});
/** What ran at each start, and which of them beat. */
function host(beats: (text: string) => boolean) {
  const started: string[] = [];
  const options = {
    restart: async () => {
      started.push(readFileSync(program, "utf8"));
    },
    hasBeaten: async () => beats(started.at(-1) ?? ""),
    log: () => {},
  };
  const upgrade = (text: string, over: Partial<UpgradeOptions> = {}) =>
    upgradeProgram({ program, build: build(text), fetchBuild: async () => Buffer.from(text), ...options, ...over });
  return { started, options, upgrade };
}
const running = () => readFileSync(program, "utf8");

describe("an upgrade", () => {
  it("keeps a build that beats, and goes on to the next one from there", async () => {
    const { upgrade, started } = host(() => true);
    expect(await upgrade("new")).toEqual({ type: "upgraded", version: "2.0.0" });
    expect(await upgrade("newer")).toMatchObject({ type: "upgraded" });
    expect(started).toEqual(["new", "newer"]);
    expect(running()).toBe("newer");
    expect((await readdir(folder)).toSorted()).toEqual(["builds", "steward-worker-previous.mjs", "steward-worker.mjs"]);
  });

  it("leaves no build but the one that runs, the one before, and another program's", async () => {
    const { upgrade } = host((text) => text !== "bad");
    const texts = () =>
      readdirSync(join(folder, "builds"))
        .map((name) => readFileSync(join(folder, "builds", name), "utf8"))
        .toSorted();
    await upgrade("one");
    writeFileSync(join(folder, "builds/steward-agent-installed.mjs"), "the agent");
    await upgrade("two");
    expect(texts()).toEqual(["one", "the agent", "two"]);
    await upgrade("bad");
    await upgrade("three");
    expect(texts()).toEqual(["the agent", "three", "two"]);
  });

  it("returns to the one before when the new one gets no heartbeat out, or cannot be started", async () => {
    const silent = host((text) => text !== "bad");
    expect(await silent.upgrade("bad")).toMatchObject({ type: "returned", why: expect.stringContaining("heartbeat") });
    expect([running(), silent.started]).toEqual(["old", ["bad", "old"]]);
    const dead = host(() => true);
    let starts = 0;
    const restart = async () => {
      starts += 1;
      if (starts === 1) throw new Error("it exits at once");
    };
    expect(await dead.upgrade("worse", { restart })).toMatchObject({ type: "returned", why: "it exits at once" });
    expect(running()).toBe("old");
  });

  it("refuses bytes that are not what the release says, and touches nothing", async () => {
    const { upgrade, started } = host(() => true);
    await expect(upgrade("new", { fetchBuild: async () => Buffer.from("other") })).rejects.toThrow("sha256");
    expect([running(), started]).toEqual(["old", []]);
  });

  it.each([
    ["a build that beats", true, "new"],
    ["a build that does not", false, "old"],
  ])("that was killed on its way is settled the next time: %s", async (_, beats, end) => {
    const { upgrade, options } = host((text) => beats || text === "old");
    const killed = new Promise<never>(() => {});
    void upgrade("new", { restart: () => killed });
    await expect.poll(running).toBe("new");
    expect(await settleUpgrade({ program, ...options })).toMatchObject({ type: beats ? "upgraded" : "returned" });
    expect(running()).toBe(end);
    expect(await settleUpgrade({ program, ...options })).toBeUndefined();
  });

  it("is refused while another one is under way: what that one goes back to is not the other's build", async () => {
    const { upgrade, options, started } = host(() => false);
    const begun = Promise.withResolvers<void>();
    const first = upgrade("bad", {
      restart: async () => {
        await options.restart();
        if (started.length === 1) await begun.promise;
      },
    });
    await expect.poll(() => started).toEqual(["bad"]);
    await expect(upgrade("other")).rejects.toMatchObject({ code: "conflict" });
    begun.resolve();
    expect(await first).toMatchObject({ type: "returned" });
    expect([running(), started]).toEqual(["old", ["bad", "old"]]);
    expect(await settleUpgrade({ program, ...options })).toBeUndefined();
  });

  it("to the build that is installed is refused: there would be no way back", async () => {
    const { upgrade, started } = host(() => true);
    await upgrade("new");
    await expect(upgrade("new")).rejects.toMatchObject({ code: "unprocessable" });
    expect([running(), started]).toEqual(["new", ["new"]]);
  });

  it("that was cut short on its way back starts the old one all the same the next time", async () => {
    const { upgrade, options, started } = host((text) => text !== "bad");
    let starts = 0;
    const restart = async () => {
      starts += 1;
      if (starts === 2) throw new Error("killed");
      await options.restart();
    };
    await expect(upgrade("bad", { restart })).rejects.toThrow("killed");
    expect([running(), started]).toEqual(["old", ["bad"]]);
    expect(await settleUpgrade({ program, ...options })).toMatchObject({ type: "returned", version: "2.0.0" });
    expect([running(), started]).toEqual(["old", ["bad", "old"]]);
    expect(await settleUpgrade({ program, ...options })).toBeUndefined();
  });
});
