import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, hasCode } from "@steward/contracts/errors";
import { exclusively } from "./exclusively.ts";
import { readIdentity } from "./identity.ts";
import {
  checkHost,
  type InstallOptions,
  installService,
  placesOf,
  runHere,
  type Service,
  uninstallService,
  unitFile,
  unitOf,
} from "./install.ts";
import { describeError, type Log } from "./log.ts";
import { createNodeClient } from "./node-client.ts";
import { settleInstalled, upgradeInstalled } from "./upgrade-installed.ts";
import type { UpgradeEnd } from "./upgrade.ts";
import { replaceFile } from "./state-files.ts";

/* The commands `install`, `upgrade` and `uninstall` of every program that is a service: one way for all of them. */

const say = (line: string) => void process.stdout.write(`${line}\n`);

export async function installHere(
  service: Service,
  options: Pick<InstallOptions, "settings" | "enrol"> & { folder: string },
): Promise<void> {
  checkHost("install", { service, run: runHere });
  const { lock } = placesOf(service);
  mkdirSync(dirname(lock), { recursive: true, mode: 0o755 });
  await exclusively(lock, async () =>
    installService({
      service,
      program: realpathSync(process.argv[1] ?? ""),
      unit: unitFile(service, options.folder),
      settings: options.settings,
      ...(options.enrol === undefined ? {} : { enrol: options.enrol }),
      run: runHere,
      say,
    }),
  );
}

/** Where whoever asked for an upgrade by its id finds how it ended; the last one's alone. */
export const upgradeEndFile = "upgrade.json";
export type UpgradeOutcome =
  | { type: "current"; version: string }
  | UpgradeEnd
  /** Nothing was changed. */
  | { type: "failed"; why: string };

export interface UpgradeHereOptions {
  version: string;
  stateDir: string;
  serverCa?: string;
  log: Log;
  wanted?: string | undefined;
  /** Ends what was cut short, and goes to no other. */
  settle?: boolean | undefined;
  /** Of whoever asked: how it ends is kept under it in the state folder. */
  id?: string | undefined;
}

/** False where what ran before runs again. */
export async function upgradeHere(service: Service, options: UpgradeHereOptions): Promise<boolean> {
  checkHost("upgrade", { service, run: runHere });
  const keep = async (end: UpgradeOutcome) => {
    if (options.id === undefined) return;
    await replaceFile(join(options.stateDir, upgradeEndFile), JSON.stringify({ id: options.id, ...end }));
  };
  try {
    const end = options.settle === true ? await settle(service, options) : await upgrade(service, options);
    await keep(end ?? { type: "current", version: options.version });
    const said = {
      none: "no upgrade was cut short",
      current: `${end?.version} runs, and the release has nothing newer`,
      upgraded: `${end?.version} runs, and has beaten`,
      returned: `${end?.version} was taken back${end !== undefined && "why" in end ? `: ${end.why}` : ""}; what ran before runs again`,
    };
    say(said[end?.type ?? "none"]);
    return end?.type !== "returned";
  } catch (error) {
    // Somebody else's upgrade is under way, and ends by itself: whoever asked for this one asks again.
    if (!hasCode(error, "conflict")) await keep({ type: "failed", why: describeError(error) });
    throw error;
  }
}

function settle(service: Service, { stateDir, log }: UpgradeHereOptions): Promise<UpgradeEnd | undefined> {
  return settleInstalled({ service, stateDir, run: runHere, log });
}

async function upgrade(service: Service, options: UpgradeHereOptions) {
  const { stateDir, log, serverCa, version, wanted } = options;
  const client = await createNodeClient({ stateDir, log, ...(serverCa === undefined ? {} : { serverCa }) });
  try {
    return await upgradeInstalled({ service, version, client, stateDir, wanted, run: runHere, log });
  } finally {
    await client.close();
  }
}

/** Stops it first, so that what it has in hand is given back; then says goodbye while it still has a certificate. */
export async function uninstallHere(
  service: Service,
  options: { stateDir: string; serverCa?: string; log: Log },
): Promise<void> {
  checkHost("uninstall", { service, run: runHere });
  const { lock } = placesOf(service);
  mkdirSync(dirname(lock), { recursive: true, mode: 0o755 });
  await exclusively(lock, () => uninstallAlone(service, options));
  rmSync(lock, { force: true });
}

async function uninstallAlone(
  service: Service,
  { stateDir, serverCa, log }: Parameters<typeof uninstallHere>[1],
): Promise<void> {
  runHere("systemctl", ["stop", unitOf(service)]);
  if ((await readIdentity(stateDir)) !== undefined)
    await takeLeave({ stateDir, log, ...(serverCa === undefined ? {} : { serverCa }) });
  uninstallService({ service, run: runHere, say });
}

async function takeLeave({ stateDir, serverCa, log }: Parameters<typeof uninstallHere>[1]): Promise<void> {
  const client = await createNodeClient({ stateDir, log, ...(serverCa === undefined ? {} : { serverCa }) });
  try {
    if (client.identity.kind === "worker") {
      await client.call("leave", {});
      say("this machine is off the list");
    } else {
      // Whoever is root on a customer's server does not decide what the organisation has in its list.
      say(`it is still on the list: steward appliances remove ${client.identity.name}`);
    }
  } catch (error) {
    if (!hasCode(error, "certificate_refused")) {
      throw new AppError("unavailable", `the nodes door does not take the farewell: ${describeError(error)}`, {
        next: "try again; or remove it there (steward workers remove …), and then again here",
      });
    }
  } finally {
    await client.close();
  }
}
