import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { signingInput, type SignedType } from "@steward/contracts/signed";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./clock.ts";
import { placesOf, type Service } from "./install.ts";
import { openTrustStore } from "./trust-store.ts";
import { upgradeInstalled } from "./upgrade-installed.ts";

const service = { program: "worker", user: "steward-worker" } as const;
let folder: string;
let store: Server;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-upgrade-worker-"));
  const { program, state, trust } = placesOf(service, folder);
  for (const path of [join(program, ".."), state, trust]) mkdirSync(path, { recursive: true });
  writeFileSync(program, "old");
  store = createServer((_, response) => response.end("new"));
  await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await new Promise((resolve) => store.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** A root and what it has signed: a release with a build of the program. */
function signedWorld() {
  const newKey = () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const der = publicKey.export({ type: "spki", format: "der" });
    return { keyId: sha256Hex(new Uint8Array(der)), publicKey: der.toString("base64"), privateKey };
  };
  const [root, release] = [newKey(), newKey()];
  const signed = (type: SignedType, { keyId, privateKey }: typeof root, content: object) => {
    const payload = new TextEncoder().encode(JSON.stringify(content));
    const signature = sign("sha256", signingInput(type, keyId, payload), { key: privateKey, dsaEncoding: "der" });
    return {
      type,
      keyId,
      payload: Buffer.from(payload).toString("base64"),
      signature: signature.toString("base64"),
    };
  };
  const times = { v: 1, version: 2, issuedAtMs: 0, expiresAtMs: Date.now() + 3_600_000 };
  const shown = [{ keyId: release.keyId, publicKey: release.publicKey }];
  const answers: Record<string, unknown> = {
    getTrust: signed("steward-trust-v1", root, {
      ...times,
      keys: { dispatch: shown, approval: shown, release: shown, seal: shown },
    }),
    getRelease: signed("steward-release-v1", release, {
      ...times,
      actions: [],
      agents: Object.fromEntries(
        ["99.0.0", "worker/99.0.0"].map((name) => [name, createHash("sha256").update("new").digest("hex")]),
      ),
    }),
    getBuild: { url: `http://127.0.0.1:${(store.address() as AddressInfo).port}/` },
  };
  const trustOf = (version: number) =>
    signed("steward-trust-v1", root, {
      ...times,
      version,
      keys: { dispatch: shown, approval: shown, release: shown, seal: shown },
    });
  const releaseOf = (version: number) =>
    signed("steward-release-v1", release, { ...times, version, actions: [], agents: {} });
  return { rootPublicKey: root.publicKey, answers, times, trustOf, releaseOf };
}
const pin = (key: string, of: Service = service) =>
  writeFileSync(join(placesOf(of, folder).trust, "root.pub"), `${key}\n`);
const running = (of: Service = service) => readFileSync(placesOf(of, folder).program, "utf8");

/** `state`: the key that the program's own file names, which its user may write. */
function upgrade(
  { answers }: Pick<ReturnType<typeof signedWorld>, "answers">,
  state: string,
  over: { service?: Service; nowMs?: () => number; restarts?: number; before?: number } = {},
) {
  const of = over.service ?? service;
  /** As systemd counts: the ends of the build before are in it until somebody sets it back. */
  let ends = over.before ?? 0;
  let looks = 0;
  const { state: stateDir } = placesOf(of, folder);
  return upgradeInstalled({
    service: of,
    ...(over.nowMs === undefined ? {} : { nowMs: over.nowMs }),
    version: "1.0.0",
    client: {
      identity: { rootPublicKey: state },
      call: async (route: string) => answers[route],
    } as unknown as Parameters<typeof upgradeInstalled>[0]["client"],
    stateDir,
    run: (_command, [verb]) => {
      const isNew = running(of) === "new";
      if (verb === "reset-failed") ends = 0;
      if (verb === "show") looks += 1;
      const text = `${ends + (isNew ? (over.restarts ?? 0) : 0)}\n`;
      // One that ends again and again beats never; one after such a one takes its time.
      const beats = over.before === undefined ? over.restarts === undefined || !isNew : looks > 1;
      if (!beats) return { code: 0, text };
      const status = { version: running(of) === "new" ? "99.0.0" : "1.0.0", connected: true, startedAtMs: Date.now() };
      writeFileSync(join(stateDir, "status.json"), JSON.stringify(status));
      return { code: 0, text };
    },
    log: () => {},
    root: folder,
    withinMs: 2_000,
  });
}

it("documents are fetched once for all who ask meanwhile, and the newest stays", async () => {
  const { rootPublicKey, trustOf, releaseOf } = signedWorld();
  const { state } = placesOf(service, folder);
  const asked: string[] = [];
  const first = Promise.withResolvers<void>();
  const store = await openTrustStore({
    stateDir: state,
    rootPublicKey,
    call: (async (route: string) => {
      asked.push(route);
      const version = asked.length > 2 ? 4 : 3;
      if (asked.length === 1) await first.promise;
      return route === "getTrust" ? trustOf(version) : releaseOf(version);
    }) as never,
    nowMs: () => 1,
    clock: systemClock,
  });
  const refreshed = [store.refresh(), store.fresh(), store.refresh()];
  await expect.poll(() => asked).toEqual(["getTrust"]);
  first.resolve();
  const versions = (await Promise.all(refreshed)).map(({ trust, release }) => [trust.version, release.version]);
  expect([versions, asked]).toEqual([Array(3).fill([3, 3]), ["getTrust", "getRelease"]]);
  expect(await store.refresh()).toMatchObject({ trust: { version: 4 } });
  expect(store.current()).toMatchObject({ trust: { version: 4 }, release: { version: 4 } });
});

describe.runIf(process.platform === "linux")("an upgrade of the worker", () => {
  it("goes back from a build that systemd starts again and again, without waiting for its heartbeat", async () => {
    const world = signedWorld();
    pin(world.rootPublicKey);
    const before = running();
    expect(await upgrade(world, world.rootPublicKey, { restarts: 3 })).toMatchObject({
      type: "returned",
      why: expect.stringContaining("ended 3 times"),
    });
    expect(running()).toBe(before);
  });

  it("cures a build that ended again and again: those ends are not the new one's", async () => {
    const world = signedWorld();
    pin(world.rootPublicKey);
    expect(await upgrade(world, world.rootPublicKey, { before: 7 })).toEqual({ type: "upgraded", version: "99.0.0" });
  });

  it("goes to the build of the release that the kept root has signed", async () => {
    const world = signedWorld();
    pin(world.rootPublicKey);
    expect(await upgrade(world, world.rootPublicKey)).toEqual({ type: "upgraded", version: "99.0.0" });
    expect(running()).toBe("new");
  });

  it("is refused where the worker's state names another root: whoever wrote that could sign any program", async () => {
    const [real, forged] = [signedWorld(), signedWorld()];
    pin(real.rootPublicKey);
    await expect(upgrade(forged, forged.rootPublicKey)).rejects.toMatchObject({ code: "forbidden" });
    // Nor with the state as it was: the kept key has not signed it.
    await expect(upgrade(forged, real.rootPublicKey)).rejects.toMatchObject({ code: "forbidden" });
    expect([running(), existsSync(join(folder, "opt/steward/builds"))]).toEqual(["old", false]);
  });

  it("takes nothing older than what root's own service has verified since, and no word of another user's", async () => {
    const agent: Service = { program: "agent" };
    const { program, state, trust } = placesOf(agent, folder);
    const world = signedWorld();
    for (const path of [state, trust]) mkdirSync(path, { recursive: true });
    writeFileSync(program, "old");
    for (const of of [agent, service]) pin(world.rootPublicKey, of);
    const keep = (of: Service, name: string, document: object) =>
      writeFileSync(join(placesOf(of, folder).state, name), JSON.stringify(document));
    // The release key was given up: the running agent knows it by the newer trust document, the last upgrade did not.
    for (const of of [agent, service]) keep(of, "trust.json", world.trustOf(3));
    await expect(upgrade(world, world.rootPublicKey, { service: agent })).rejects.toThrow("this machine has seen 3");
    keep(agent, "trust.json", world.answers["getTrust"] as object);
    keep(agent, "release.json", world.releaseOf(3));
    await expect(upgrade(world, world.rootPublicKey, { service: agent })).rejects.toThrow("this machine has seen 3");
    expect(running(agent)).toBe("old");
    keep(agent, "release.json", world.releaseOf(1));
    expect(await upgrade(world, world.rootPublicKey, { service: agent })).toMatchObject({ type: "upgraded" });
    // Whoever may write the worker's state holds no upgrade off by it, nor lets one in.
    expect(await upgrade(world, world.rootPublicKey)).toMatchObject({ type: "upgraded" });
  });

  it("is judged by the server's time where whoever asks knows it", async () => {
    const world = signedWorld();
    pin(world.rootPublicKey);
    const nowMs = () => world.times.expiresAtMs;
    await expect(upgrade(world, world.rootPublicKey, { nowMs })).rejects.toMatchObject({ code: "expired" });
    expect(running()).toBe("old");
  });

  it("is refused where no root key was kept", async () => {
    const world = signedWorld();
    await expect(upgrade(world, world.rootPublicKey)).rejects.toMatchObject({ code: "forbidden" });
    expect(running()).toBe("old");
  });
});
