import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SignedDocument } from "@steward/contracts/signed";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSignedWorld, hourMs, signDocument } from "../test/support/signed-world.ts";
import { createConfigKeeper } from "./config-keeper.ts";

const nowMs = 1_800_000_000_000;
const world = createSignedWorld(nowMs);
let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "steward-config-"));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const documentOf = (revision: number, config: object) =>
  signDocument("steward-config-v1", world.keys.dispatch, {
    v: 1,
    tenantId: world.tenantId,
    nodeId: world.applianceId,
    revision,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + hourMs,
    config,
  });
/** With a field that a newer build knows. */
const newer = (revision: number) => documentOf(revision, { intervalSeconds: 30, nice: 5 });
const plain = (revision: number) => documentOf(revision, { intervalSeconds: revision });

let answer: { revision: number; document?: SignedDocument };
/** What the control plane was asked for. */
let asked: string[] = [];
let monotonicMs = 0;
const open = (version = "1.0.0") =>
  createConfigKeeper({
    stateDir,
    version,
    applianceId: world.applianceId,
    tenantId: world.tenantId,
    call: (async (name: string) => {
      asked.push(name);
      return answer;
    }) as never,
    trust: {
      fresh: async () => world,
      refresh: async () => {
        asked.push("trust");
        return world;
      },
    } as never,
    nowMs: () => nowMs,
    clock: { monotonicMs: () => monotonicMs },
    log: () => {},
  });
async function offer(keeper: Awaited<ReturnType<typeof open>>, revision: number, document: SignedDocument) {
  answer = { revision, document };
  return keeper.follow(revision);
}
const put = (name: string, document: SignedDocument) => writeFileSync(join(stateDir, name), JSON.stringify(document));

describe("a configuration that is refused", () => {
  const askedBy = async (work: () => Promise<unknown>) => {
    asked = [];
    await work();
    return asked;
  };

  it("is asked for again after an hour, or when another one is named; trust is asked only for a signature", async () => {
    const keeper = await open();
    expect(await askedBy(() => offer(keeper, 1, newer(1)))).toEqual(["fetchConfig"]);
    expect(await askedBy(() => offer(keeper, 1, newer(1)))).toEqual([]);
    expect(keeper.conditions()).toMatchObject([{ kind: "configuration" }]);
    monotonicMs += hourMs;
    expect(await askedBy(() => offer(keeper, 1, newer(1)))).toEqual(["fetchConfig"]);
    const byAnother = signDocument("steward-config-v1", world.keys.release, {});
    expect(await askedBy(() => offer(keeper, 2, byAnother))).toEqual(["fetchConfig", "trust"]);
    expect(await askedBy(() => offer(keeper, 23, plain(23)))).toEqual(["fetchConfig"]);
    expect([keeper.revision(), keeper.conditions()]).toEqual([23, []]);
  });

  it("is asked for with the next heartbeat where only the disk did not take it", async () => {
    const keeper = await open();
    rmSync(stateDir, { recursive: true });
    expect(await offer(keeper, 21, plain(21))).toBe(true);
    expect([keeper.revision(), keeper.conditions()]).toMatchObject([0, [{ kind: "configuration" }]]);
    // Nothing new to tell, though the reason names another file at each try: an answer must not bring on the next heartbeat.
    expect(await askedBy(async () => expect(await offer(keeper, 21, plain(21))).toBe(false))).toEqual(["fetchConfig"]);
    mkdirSync(stateDir);
    await offer(keeper, 21, plain(21));
    expect([keeper.revision(), keeper.conditions()]).toEqual([21, []]);
  });
});

describe("a build that comes back after a newer one", () => {
  it("keeps to what it last could read, and takes nothing older than what the newer one has taken up", async () => {
    await offer(await open(), 20, plain(20));
    for (const name of ["config.json", "config.2.0.0.json"]) put(name, newer(22));
    const back = await open();
    expect([back.revision(), back.config()]).toEqual([20, { intervalSeconds: 20 }]);
    // A control plane from before: what was taken up since is not given away for it.
    await offer(back, 21, plain(21));
    expect([back.revision(), back.conditions()]).toMatchObject([20, [{ kind: "configuration" }]]);
    await offer(back, 20, plain(20));
    expect(back.conditions()).toMatchObject([{ kind: "configuration" }]);
    await offer(back, 22, newer(22));
    expect([back.revision(), back.conditions()]).toMatchObject([20, [{ kind: "configuration" }]]);
    await offer(back, 23, plain(23));
    expect([back.revision(), back.conditions()]).toEqual([23, []]);
    expect((await open()).revision()).toBe(23);
  });

  it("starts with none where nothing can be read, and keeps few of other builds' documents", async () => {
    writeFileSync(join(stateDir, "config.json"), "}");
    expect([(await open()).revision(), (await open()).config()]).toEqual([0, {}]);
    for (const minor of [1, 2, 3, 4]) await offer(await open(`1.${minor}.0`), 20 + minor, plain(20 + minor));
    expect(readdirSync(stateDir).toSorted()).toEqual([
      "config.1.2.0.json",
      "config.1.3.0.json",
      "config.1.4.0.json",
      "config.json",
    ]);
    expect((await open("1.0.0")).revision()).toBe(24);
  });
});
