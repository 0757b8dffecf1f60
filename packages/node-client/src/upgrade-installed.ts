import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { chooseBuild } from "./choose-build.ts";
import { systemClock } from "./clock.ts";
import { download } from "./download.ts";
import { exclusively } from "./exclusively.ts";
import type { Log } from "./log.ts";
import type { NodeClient } from "./node-client.ts";
import { openStateDir } from "./state-files.ts";
import { openTrustStore } from "./trust-store.ts";
import { settleUpgrade, type UpgradeEnd, upgradeProgram } from "./upgrade.ts";
import { anotherRoot, pinnedRoot, placesOf, type Run, type Service, unitOf } from "./install.ts";

/** How long a new build has to get its first heartbeat out. */
const beatWithinMs = 120_000;
/** One end may be anything's fault. */
const mostRestarts = 3;
const maxBuildBytes = 64 * 1024 * 1024;
/** The program's own word, in its state folder, which it writes after each answered heartbeat. */
export const statusFile = "status.json";

/**
 * Goes over to the newest build of the signed release (or to `wanted`), and back again when that gets no heartbeat out.
 * The release is verified against the root key that the installer kept, where the service's user cannot write, and never
 * gives way to an older one: neither than an upgrade has seen, nor than root's own service has verified meanwhile. An upgrade that was cut short is ended first; one that is under way is not disturbed.
 */
export async function upgradeInstalled(options: UpgradeInstalledOptions): ReturnType<typeof upgradeAlone> {
  return exclusively(placesOf(options.service, options.root).lock, () => upgradeAlone(options));
}

interface UpgradeInstalledOptions {
  service: Service;
  /** Of the build that runs now, as far as the caller knows. */
  version: string;
  client: Pick<NodeClient, "call" | "identity">;
  stateDir: string;
  wanted?: string | undefined;
  /** The server's clock, where whoever asks knows it. Absent: an administrator's command, on a machine whose clock it is. */
  nowMs?: (() => number) | undefined;
  run: Run;
  log: Log;
  root?: string;
  withinMs?: number;
}

async function upgradeAlone(
  options: UpgradeInstalledOptions,
): Promise<UpgradeEnd | { type: "current"; version: string }> {
  const { service, client, log } = options;
  const places = placesOf(options.service, options.root);
  const upgrade = { ...proofOf(options), log };
  const settled = await settleUpgrade(upgrade);
  if (settled?.type === "returned") return settled;

  const rootPublicKey = pinnedRoot(places);
  if (rootPublicKey === undefined) {
    throw new AppError("forbidden", "this machine keeps no root key to hold a release to", {
      next: "run the installer once more, and compare the fingerprint that it says",
    });
  }
  if (client.identity.rootPublicKey !== rootPublicKey) throw anotherRoot(service);
  await openStateDir(places.trust);
  const trust = await openTrustStore({
    stateDir: places.trust,
    // A key that was withdrawn since the last upgrade is one that the agent knows not to obey. The state of a service with
    // a user of its own is that user's to write, so it says nothing here (a worker keeps no such documents either).
    ...(service.user === undefined ? { notOlderThan: options.stateDir } : {}),
    rootPublicKey,
    call: client.call,
    // What the machine's own clock could let in late is still the newest that there is.
    nowMs: options.nowMs ?? Date.now,
    clock: systemClock,
  });
  const { release } = await trust.refresh();
  const running = settled?.version ?? options.version;
  const build = chooseBuild({ builds: release.agents, program: service.program, running, wanted: options.wanted });
  if (build === undefined) return { type: "current", version: running };
  const fetchBuild = async (digest: string) => {
    const { url } = await client.call("getBuild", { params: { digest } });
    return download(url, { what: "the build", maxBytes: maxBuildBytes, timeoutMs: 300_000 });
  };
  return upgradeProgram({ ...upgrade, build, fetchBuild });
}

/** Ends an upgrade that was cut short, and begins none. It asks nobody: the network may be what the new build lacks. */
export function settleInstalled(
  options: Pick<UpgradeInstalledOptions, "service" | "stateDir" | "run" | "log" | "root" | "withinMs">,
): Promise<UpgradeEnd | undefined> {
  return exclusively(placesOf(options.service, options.root).lock, () =>
    settleUpgrade({ ...proofOf(options), log: options.log }),
  );
}

/** What the program is, how it is started anew, and how it is known that it beats. */
function proofOf(options: Pick<UpgradeInstalledOptions, "service" | "stateDir" | "run" | "root" | "withinMs">) {
  const { service, run, stateDir } = options;
  return {
    program: placesOf(service, options.root).program,
    restart: async () => {
      // A build that ends again and again is what this is to mend: its ends are not the new one's, and a start alone does
      // not always set their count back.
      run("systemctl", ["reset-failed", unitOf(service)]);
      // A worker drains first: this may take as long as the longest job.
      const { code, text } = run("systemctl", ["restart", unitOf(service)]);
      if (code !== 0) throw new AppError("unprocessable", `the service does not start: ${text.trim().slice(0, 300)}`);
    },
    hasBeaten: (version: string) =>
      waitForBeat({
        file: join(stateDir, statusFile),
        version,
        withinMs: options.withinMs ?? beatWithinMs,
        restarts: () => Number(run("systemctl", ["show", "--property=NRestarts", "--value", unitOf(service)]).text),
      }),
  };
}

/**
 * The status file is the program's own word: which build wrote it, when, and whether its last heartbeat was answered.
 * Throws for one that systemd has to start again and again: it will not beat, however long one waits.
 */
async function waitForBeat(wait: {
  file: string;
  version: string;
  withinMs: number;
  /** How often the service ended by itself and was started again, since somebody started it. */
  restarts: () => number;
}): Promise<boolean> {
  const fromMs = Date.now();
  const endsAtMs = systemClock.monotonicMs() + wait.withinMs;
  while (systemClock.monotonicMs() < endsAtMs) {
    const status = await readFile(wait.file, "utf8").then(parse, () => undefined);
    if (status?.version === wait.version && status.connected === true && (status.startedAtMs ?? 0) >= fromMs - 5_000) {
      return true;
    }
    if (wait.restarts() >= mostRestarts)
      throw new AppError("unprocessable", `it ended ${mostRestarts} times at its start`);
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
