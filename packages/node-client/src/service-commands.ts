import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { AppError, hasCode } from "@steward/contracts/errors";
import { textLine } from "@steward/contracts/log-line";
import { systemClock } from "./clock.ts";
import { enrol, tokenOf } from "./enrol.ts";
import { exclusively } from "./exclusively.ts";
import { readIdentity } from "./identity.ts";
import {
  checkHost,
  type InstallOptions,
  installService,
  placesOf,
  type Run,
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

/* The commands of every program that is a service: one way for all of them. */

const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Enrolment {
  url: string;
  token: string;
}

/** Enrols this machine, as `--url` and `--token` say. */
export async function enrolHere({ program }: Service, args: string[], stateDir: string): Promise<void> {
  const { url, token } = parseStrings(args, ["url", "token"]);
  if (url === undefined || token === undefined) {
    throw new AppError("invalid_request", "say where and with what: --url <api door> --token <token>");
  }
  const node = await enrol({ apiUrl: url, token: await tokenOf(token), hostname: hostname(), stateDir });
  say(`Enrolled as ${node.name} (${node.nodeId}).\nKey fingerprint: ${node.keyFingerprint}`);
  if (program === "agent") {
    say("Whoever invited this machine compares the fingerprint and confirms it; nothing runs here before.");
  }
}

/** What `install` was given: where to enrol, both or neither of it, and what else this program takes. */
export function parseInstall<Name extends string = never>(
  args: string[],
  more: readonly Name[] = [],
): { enrol: Enrolment | undefined; values: { [One in Name]?: string } } {
  const { url, token, ...values } = parseStrings<string>(args, ["url", "token", ...more]);
  if ((url === undefined) !== (token === undefined)) {
    throw new AppError("invalid_request", "to enrol give both: --url <api door> --token - (and the token as input)");
  }
  return {
    enrol: url === undefined || token === undefined ? undefined : { url, token },
    values: values as { [One in Name]?: string },
  };
}

function parseStrings<Name extends string>(args: string[], names: readonly Name[]): { [One in Name]?: string } {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  return parseArgs({ args, options }).values as { [One in Name]?: string };
}

export async function installHere(
  service: Service,
  options: Pick<InstallOptions, "settings"> & { folder: string; enrol: Enrolment | undefined },
): Promise<void> {
  checkHost("install", { service, run: runHere });
  const token = options.enrol === undefined ? undefined : await tokenOf(options.enrol.token);
  const { lock } = placesOf(service);
  mkdirSync(dirname(lock), { recursive: true, mode: 0o755 });
  await exclusively(lock, async () =>
    installService({
      service,
      program: realpathSync(process.argv[1] ?? ""),
      unit: unitFile(service, options.folder),
      settings: options.settings,
      ...(options.enrol === undefined || token === undefined ? {} : { enrol: { ...options.enrol, token } }),
      run: runHere,
      say,
    }),
  );
}

/** The end of a program that has failed: why, and what to do, on its standard error. */
export function endBadly(name: string): (error: unknown) => never {
  return (error) => {
    process.stderr.write(textLine(`${name}: ${describeError(error)}`));
    if (error instanceof AppError) {
      for (const { path, message } of error.fields ?? []) process.stderr.write(textLine(`  ${path}: ${message}`));
      if (error.next !== undefined) process.stderr.write(textLine(`  ${error.next}`));
    }
    process.exit(1);
  };
}

/** What a command needs of the program's settings. */
export interface HostSettings {
  stateDir: string;
  /** Read only where the door is asked. */
  serverCaFile?: string | undefined;
}

/** The CA that a file names, as options have it. */
export async function serverCaOf(file: string | undefined): Promise<{ serverCa?: string }> {
  return file === undefined ? {} : { serverCa: await readFile(file, "utf8") };
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
  /** Of its settings, which may be damaged or name what is not there. */
  settings: () => HostSettings;
  log: Log;
  wanted?: string | undefined;
  /** Ends what was cut short, and goes to no other. */
  settle?: boolean | undefined;
  /** Of whoever asked: how it ends is kept under it in the state folder. */
  id?: string | undefined;
  /** The server's time now, where whoever asked knows it. */
  serverTimeMs?: number | undefined;
  run?: Run;
  /** `/`, or a folder in its place. */
  root?: string;
}

/** False where what ran before runs again, and another was asked for: to settle is done then. */
export async function upgradeHere(service: Service, options: UpgradeHereOptions): Promise<boolean> {
  const { run = runHere, root } = options;
  // Whoever asked looks there, also where the settings cannot be read.
  let { state: stateDir } = placesOf(service, root);
  const keep = async (end: UpgradeOutcome) => {
    if (options.id === undefined) return;
    await replaceFile(join(stateDir, upgradeEndFile), JSON.stringify({ id: options.id, ...end }));
  };
  let end: Exclude<UpgradeOutcome, { type: "failed" }> | undefined;
  try {
    const settings = options.settings();
    stateDir = settings.stateDir;
    checkHost("upgrade", { service, run, ...(root === undefined ? {} : { root }) });
    const about = { ...options, ...settings, run };
    end = options.settle === true ? await settle(service, about) : await upgrade(service, about);
  } catch (error) {
    // Somebody else's upgrade is under way, and ends by itself: whoever asked for this one asks again.
    if (!hasCode(error, "conflict")) await keep({ type: "failed", why: describeError(error) });
    throw error;
  }
  // What cannot be kept or said from here on makes no failure of an upgrade that was done.
  await keep(end ?? { type: "current", version: options.version });
  const said = {
    none: "no upgrade was cut short",
    current: `${end?.version} runs, and the release has nothing newer`,
    upgraded: `${end?.version} runs, and has beaten`,
    returned: `${end?.version} was taken back${end !== undefined && "why" in end ? `: ${end.why}` : ""}; what ran before runs again`,
  };
  say(said[end?.type ?? "none"]);
  return options.settle === true || end?.type !== "returned";
}

type About = UpgradeHereOptions & HostSettings & { run: Run };

function settle(service: Service, { stateDir, log, run, root }: About): Promise<UpgradeEnd | undefined> {
  return settleInstalled({ service, stateDir, run, log, ...(root === undefined ? {} : { root }) });
}

async function upgrade(service: Service, options: About) {
  const { stateDir, log, serverCaFile, version, wanted, run, root, serverTimeMs } = options;
  const since = systemClock.monotonicMs();
  const nowMs = serverTimeMs === undefined ? undefined : () => serverTimeMs + systemClock.monotonicMs() - since;
  const client = await createNodeClient({ stateDir, log, ...(await serverCaOf(serverCaFile)) });
  try {
    const about = { service, version, client, stateDir, wanted, nowMs, run, log };
    return await upgradeInstalled({ ...about, ...(root === undefined ? {} : { root }) });
  } finally {
    await client.close();
  }
}

export interface UninstallHereOptions {
  settings: () => HostSettings;
  log: Log;
  run?: Run;
  /** `/`, or a folder in its place. */
  root?: string;
}

/** Stops it first, so that what it has in hand is given back; then says goodbye while it still has a certificate. */
export async function uninstallHere(service: Service, options: UninstallHereOptions): Promise<void> {
  const { run = runHere, root } = options;
  const { stateDir, serverCaFile } = options.settings();
  const place = { service, run, ...(root === undefined ? {} : { root }) };
  checkHost("uninstall", place);
  const { lock } = placesOf(service, root);
  mkdirSync(dirname(lock), { recursive: true, mode: 0o755 });
  await exclusively(lock, async () => {
    // What cannot be read is said before anything is stopped.
    const identity = await readIdentity(stateDir);
    const isWorker = identity?.kind === "worker";
    const serverCa = await serverCaOf(isWorker ? serverCaFile : undefined);
    run("systemctl", ["stop", unitOf(service)]);
    if (isWorker) await takeLeave({ stateDir, log: options.log, ...serverCa });
    // Whoever is root on a customer's server does not decide what the organisation has in its list.
    else if (identity !== undefined) say(`it is still on the list: steward appliances remove ${identity.name}`);
    uninstallService({ ...place, say });
  });
  rmSync(lock, { force: true });
}

async function takeLeave(options: { stateDir: string; serverCa?: string; log: Log }): Promise<void> {
  const client = await createNodeClient(options);
  try {
    await client.call("leave", {});
    say("this machine is off the list");
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
