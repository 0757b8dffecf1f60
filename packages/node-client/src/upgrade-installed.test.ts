import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { signingInput, type SignedType } from "@steward/contracts/signed";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { placesOf } from "./install.ts";
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

/** A root and what it has signed: a release with a build of the worker. */
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
  const times = { v: 1, version: 1, issuedAtMs: 0, expiresAtMs: Date.now() + 3_600_000 };
  const shown = [{ keyId: release.keyId, publicKey: release.publicKey }];
  const answers: Record<string, unknown> = {
    getTrust: signed("steward-trust-v1", root, {
      ...times,
      keys: { dispatch: shown, approval: shown, release: shown, seal: shown },
    }),
    getRelease: signed("steward-release-v1", release, {
      ...times,
      actions: [],
      agents: { "worker/99.0.0": createHash("sha256").update("new").digest("hex") },
    }),
    getBuild: { url: `http://127.0.0.1:${(store.address() as AddressInfo).port}/` },
  };
  return { rootPublicKey: root.publicKey, answers };
}
const pin = (key: string) => writeFileSync(join(placesOf(service, folder).trust, "root.pub"), `${key}\n`);
const running = () => readFileSync(placesOf(service, folder).program, "utf8");

/** `state`: the key that the worker's own file names, which its user may write. */
function upgrade({ answers }: ReturnType<typeof signedWorld>, state: string) {
  const { state: stateDir } = placesOf(service, folder);
  return upgradeInstalled({
    service,
    version: "1.0.0",
    client: {
      identity: { rootPublicKey: state },
      call: async (route: string) => answers[route],
    } as unknown as Parameters<typeof upgradeInstalled>[0]["client"],
    stateDir,
    run: () => {
      const status = { version: running() === "new" ? "99.0.0" : "1.0.0", connected: true, startedAtMs: Date.now() };
      writeFileSync(join(stateDir, "status.json"), JSON.stringify(status));
      return { code: 0, text: "" };
    },
    log: () => {},
    root: folder,
    withinMs: 2_000,
  });
}

describe.runIf(process.platform === "linux")("an upgrade of the worker", () => {
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

  it("is refused where no root key was kept", async () => {
    const world = signedWorld();
    await expect(upgrade(world, world.rootPublicKey)).rejects.toMatchObject({ code: "forbidden" });
    expect(running()).toBe("old");
  });
});
