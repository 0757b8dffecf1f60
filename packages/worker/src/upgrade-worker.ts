import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { chooseBuild } from "@steward/node-client/choose-build";
import { systemClock } from "@steward/node-client/clock";
import { download } from "@steward/node-client/download";
import { exclusively } from "@steward/node-client/exclusively";
import type { Log } from "@steward/node-client/log";
import type { NodeClient } from "@steward/node-client/node-client";
import { openStateDir } from "@steward/node-client/state-files";
import { openTrustStore } from "@steward/node-client/trust-store";
import { settleUpgrade, type UpgradeEnd, upgradeProgram } from "@steward/node-client/upgrade";
import { anotherRoot, pinnedRoot, placesOf, type Run } from "./install.ts";
import { workerVersion } from "./version.ts";
import { statusFile } from "./status-file.ts";

/** How long a new build has to get its first heartbeat out. */
const beatWithinMs = 120_000;
const maxBuildBytes = 64 * 1024 * 1024;
const service = "steward-worker.service";

/**
 * Goes over to the newest build of the signed release (or to `wanted`), and back again when that gets no heartbeat out.
 * The release is verified against the root key that the installer kept, where the worker's user cannot write, and never
 * gives way to an older one. An upgrade that was cut short is ended first; one that is under way is not disturbed.
 */
export async function upgradeWorker(options: UpgradeWorkerOptions): ReturnType<typeof upgradeAlone> {
  return exclusively(placesOf(options.root).lock, () => upgradeAlone(options));
}

interface UpgradeWorkerOptions {
  client: Pick<NodeClient, "call" | "identity">;
  stateDir: string;
  wanted?: string | undefined;
  run: Run;
  log: Log;
  root?: string;
  withinMs?: number;
}

async function upgradeAlone(options: UpgradeWorkerOptions): Promise<UpgradeEnd | { type: "current"; version: string }> {
  const { client, run, log, stateDir } = options;
  const places = placesOf(options.root);
  const restart = async () => {
    // Drains first: this may take as long as the longest job.
    const { code, text } = run("systemctl", ["restart", service]);
    if (code !== 0) throw new AppError("unprocessable", `the service does not start: ${text.trim().slice(0, 300)}`);
  };
  const hasBeaten = (version: string) =>
    waitForBeat(join(stateDir, statusFile), version, options.withinMs ?? beatWithinMs);
  const upgrade = { program: places.program, restart, hasBeaten, log };
  const settled = await settleUpgrade(upgrade);
  if (settled?.type === "returned") return settled;

  const rootPublicKey = pinnedRoot(places);
  if (rootPublicKey === undefined) {
    throw new AppError("forbidden", "this machine keeps no root key to hold a release to", {
      next: "run the installer once more, and compare the fingerprint that it says",
    });
  }
  if (client.identity.rootPublicKey !== rootPublicKey) throw anotherRoot();
  await openStateDir(places.trust);
  const trust = await openTrustStore({
    stateDir: places.trust,
    rootPublicKey,
    call: client.call,
    // An administrator's command on a machine whose clock it is; what it could let in late is still the newest there is.
    nowMs: Date.now,
    clock: systemClock,
  });
  const { release } = await trust.refresh();
  const running = settled?.version ?? workerVersion;
  const build = chooseBuild({ builds: release.agents, program: "worker", running, wanted: options.wanted });
  if (build === undefined) return { type: "current", version: running };
  const fetchBuild = async (digest: string) => {
    const { url } = await client.call("getBuild", { params: { digest } });
    return download(url, { what: "the build", maxBytes: maxBuildBytes, timeoutMs: 300_000 });
  };
  return upgradeProgram({ ...upgrade, build, fetchBuild });
}

/** The status file is the worker's own word: which build wrote it, when, and whether its last heartbeat was answered. */
async function waitForBeat(file: string, version: string, withinMs: number): Promise<boolean> {
  const fromMs = Date.now();
  const endsAtMs = systemClock.monotonicMs() + withinMs;
  while (systemClock.monotonicMs() < endsAtMs) {
    const status = await readFile(file, "utf8").then(parse, () => undefined);
    if (status?.version === version && status.connected === true && (status.startedAtMs ?? 0) >= fromMs - 5_000) {
      return true;
    }
    await systemClock.sleep(500);
  }
  return false;
}

function parse(text: string): { version?: string; connected?: boolean; startedAtMs?: number } | undefined {
  try {
    return JSON.parse(text) as { version?: string; connected?: boolean; startedAtMs?: number };
  } catch {
    return undefined;
  }
}
