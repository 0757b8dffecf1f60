import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import type { Program } from "./choose-build.ts";
import { splitToken } from "./enrol.ts";
import { journalOf, previousOf } from "./upgrade.ts";

/** Runs a program to its end; `input` is its standard input. */
export type Run = (
  command: string,
  args: readonly string[],
  options?: { input?: string; user?: { uid: number; gid: number }; env?: Record<string, string> },
) => { code: number; text: string };

/** What is installed: one of Steward's programs, which runs as a service of systemd. */
export interface Service {
  program: Program;
  /** Whose service it is; absent: root's, as an agent's, whose playbooks change the system. */
  user?: string;
}

export interface InstallOptions {
  service: Service;
  /** The file to install, and the folder of its systemd unit. */
  program: string;
  unit: string;
  /** Enrols as this: an address and a token. Absent: it is enrolled already, or will be. */
  enrol?: { url: string; token: string };
  /** More lines for its settings, where that file is not there yet. */
  settings: Readonly<Record<string, string>>;
  run: Run;
  say: (line: string) => void;
  /** `/`, or a folder in its place. */
  root?: string;
}

export function commandOf({ program }: Service): string {
  return `steward-${program}`;
}
export function unitOf(service: Service): string {
  return `${commandOf(service)}.service`;
}
/** Ends what an upgrade left when the machine went down in the middle: by the build from before, as the new one may not start. */
export function settleUnitOf(service: Service): string {
  return `${commandOf(service)}-settle.service`;
}

/** What an installed program consists of, below `root`. */
export function placesOf(service: Service, root = "/") {
  const command = commandOf(service);
  return {
    program: join(root, `opt/steward/${command}.mjs`),
    command: join(root, "usr/local/bin", command),
    unit: join(root, "etc/systemd/system", unitOf(service)),
    settleUnit: join(root, "etc/systemd/system", settleUnitOf(service)),
    settings: join(root, `etc/steward/${service.program}.env`),
    state: join(root, "var/lib", command),
    trust: join(root, `opt/steward/${service.program}-trust`),
    lock: join(root, `opt/steward/${command}.lock`),
  };
}

/** What the host is needed for: what it says on its way, and to whom `install.sh` is of use. */
const purposes = {
  install: { cannot: "cannot be installed here", next: "install.sh, beside this file, brings Node" },
  upgrade: { cannot: "cannot be upgraded here", next: "its host runs Linux, systemd and Node 24" },
  uninstall: { cannot: "cannot be taken off here", next: "run it on the host that it was installed on" },
} as const;

/** Everything that is not right at once; nothing was changed then. */
export function checkHost(
  purpose: keyof typeof purposes,
  { service, run, root = "/" }: Pick<InstallOptions, "service" | "run" | "root">,
): void {
  const problems: string[] = [];
  if (process.platform !== "linux") {
    problems.push(`this is ${process.platform}; the ${service.program} runs on Linux`);
  }
  if (run("id", ["-u"]).text.trim() !== "0") {
    problems.push(`this must be run as root: sudo ${commandOf(service)} ${purpose}`);
  }
  if (!existsSync(join(root, "run/systemd/system"))) problems.push("systemd does not run here");
  // As the unit will find it, whatever the path of this shell is.
  const path = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const { code, text } = run("/usr/bin/env", ["node", "--version"], { env: path });
  const major = Number(/^v(\d+)\./.exec(text.trim())?.[1] ?? 0);
  if (purpose !== "uninstall" && (code !== 0 || major < 24)) {
    problems.push(
      `systemd finds ${code === 0 ? `Node ${text.trim()}` : "no Node"} in /usr/local/bin or /usr/bin; it needs 24`,
    );
  }
  if (problems.length === 0) return;
  const { cannot, next } = purposes[purpose];
  throw new AppError("unprocessable", `the ${service.program} ${cannot}`, {
    fields: problems.map((message) => ({ path: "host", message })),
    next: `${next}; nothing was changed`,
  });
}

/**
 * Makes this machine one of Steward's, or what is missing of it: user, folders, program, settings, units, enrolment. May be
 * run again at any time, also after it was killed: settings that somebody wrote stay, and so does who the machine is.
 */
export function installService(options: InstallOptions): void {
  const { service, run, say, root = "/" } = options;
  checkHost("install", options);
  const places = placesOf(service, root);
  const ids = userOf(options);
  for (const folder of [dirname(places.program), dirname(places.settings), dirname(places.unit)]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  mkdirSync(dirname(places.command), { recursive: true });
  if (!existsSync(places.state)) mkdirSync(places.state, { recursive: true, mode: 0o700 });
  chmodSync(places.state, 0o700);
  if (ids !== undefined) chownSync(places.state, ids.uid, ids.gid);

  if (putFile(places.program, readFileSync(options.program), 0o755)) say(`${places.program}`);
  for (const path of [journalOf(places.program), previousOf(places.program)]) rmSync(path, { force: true });
  if (!isLinkTo(places.command)) {
    rmSync(places.command, { force: true });
    symlinkSync(places.program, places.command);
  }
  if (!existsSync(places.settings)) {
    const lines = Object.entries({ STEWARD_STATE_DIR: `/var/lib/${commandOf(service)}`, ...options.settings });
    putFile(places.settings, Buffer.from(lines.map(([name, value]) => `${name}="${value}"\n`).join("")), 0o644);
    say(`${places.settings}: its settings`);
  }
  if (putFile(places.unit, readFileSync(options.unit), 0o644)) say(`${places.unit}`);
  putFile(places.settleUnit, Buffer.from(settleUnit(service)), 0o644);
  must(run, "systemctl", ["daemon-reload"]);

  if (options.enrol !== undefined) {
    const { url, token } = options.enrol;
    const env = { STEWARD_STATE_DIR: places.state, PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" };
    // By the pipe: no argument and no file has the token.
    say(
      must(run, process.execPath, [places.program, "enrol", "--url", url, "--token", "-"], {
        input: token,
        ...(ids === undefined ? {} : { user: ids }),
        env,
      }).trimEnd(),
    );
  }
  if (existsSync(join(places.state, "node.json"))) {
    pinRoot(options, places);
    must(run, "systemctl", ["enable", unitOf(service), settleUnitOf(service)]);
    must(run, "systemctl", ["restart", unitOf(service)]);
    say(`the ${service.program} runs: systemctl status ${commandOf(service)}; sudo ${commandOf(service)} doctor`);
  } else {
    say("not enrolled yet: run this again with --url and --token -");
  }
}

/**
 * The unit to install, for a program in `folder`: beside the single-file build; where the sources run, in their own
 * folder; of an installed program, the one that it was installed with.
 */
export function unitFile(service: Service, folder: string, root = "/"): string {
  const name = unitOf(service);
  const found = [join(folder, name), join(folder, "../systemd", name), placesOf(service, root).unit].find((path) =>
    existsSync(path),
  );
  if (found !== undefined) return found;
  throw new AppError("unprocessable", `${name} is not beside this program`, {
    next: "install from the folder of the build, which has it",
  });
}

/**
 * Keeps the root key where the service's user cannot write: it decides what root installs later. The token that came from
 * a person names the key; without one it is the key that is there at the first installation.
 */
function pinRoot({ service, enrol, say }: InstallOptions, places: ReturnType<typeof placesOf>): void {
  const key = enrolledRootOf(readFileSync(join(places.state, "node.json"), "utf8"));
  const fingerprint = sha256Hex(Buffer.from(key, "base64"));
  const known = pinnedRoot(places);
  const named = enrol === undefined ? undefined : splitToken(enrol.token).rootFingerprint;
  if ((known ?? key) !== key || (named ?? fingerprint) !== fingerprint) throw anotherRoot(service);
  if (known !== undefined) return;
  mkdirSync(places.trust, { recursive: true, mode: 0o700 });
  putFile(join(places.trust, rootFile), Buffer.from(`${key}\n`), 0o644);
  say(`upgrades are held to the root key ${fingerprint}`);
}

const rootFile = "root.pub";

/** The root key that this machine holds upgrades to; undefined before the installer has kept it. */
export function pinnedRoot({ trust }: Pick<ReturnType<typeof placesOf>, "trust">): string | undefined {
  const path = join(trust, rootFile);
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

export function anotherRoot(service: Service): AppError {
  return new AppError("forbidden", "the state folder names another root key than this machine was installed with", {
    next: `do not go on: look at the machine; ${commandOf(service)} uninstall, and enrol it again with a new token`,
  });
}

function enrolledRootOf(text: string): string {
  try {
    const { rootPublicKey } = JSON.parse(text) as { rootPublicKey?: unknown };
    if (typeof rootPublicKey === "string" && /^[A-Za-z0-9+/]+=*$/.test(rootPublicKey)) return rootPublicKey;
  } catch {
    // Said below, without its text: it may be a link to a file that is nobody's business.
  }
  throw new AppError("unprocessable", "node.json is damaged", {
    next: "empty the state folder, and enrol the machine again",
  });
}

/** Takes off what `installService` put there, and who the machine was. Settings stay. */
export function uninstallService(options: Pick<InstallOptions, "service" | "run" | "say" | "root">): void {
  const { service, run, say, root = "/" } = options;
  const places = placesOf(service, root);
  run("systemctl", ["disable", "--now", unitOf(service)]);
  run("systemctl", ["disable", settleUnitOf(service)]);
  const { program } = places;
  for (const path of [places.unit, places.settleUnit, places.command, program, journalOf(program), places.trust]) {
    rmSync(path, { recursive: true, force: true });
  }
  rmSync(previousOf(program), { force: true });
  // The other program of this machine keeps its own.
  const builds = join(dirname(program), "builds");
  for (const name of existsSync(builds) ? readdirSync(builds) : []) {
    if (name.startsWith(`${basename(program, ".mjs")}-`)) rmSync(join(builds, name), { force: true });
  }
  run("systemctl", ["daemon-reload"]);
  rmSync(places.state, { recursive: true, force: true });
  say(`the ${service.program} is off this machine; ${places.settings} is left`);
}

/** The service's user, who is made where it is not there yet. */
function userOf({ service, run, say }: InstallOptions): { uid: number; gid: number } | undefined {
  const { user } = service;
  if (user === undefined) return undefined;
  if (run("id", [user]).code !== 0) {
    const home = ["--home-dir", `/var/lib/${commandOf(service)}`];
    const system = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"];
    must(run, "useradd", [...system, ...home, user]);
    say(`made the user ${user}`);
  }
  return { uid: Number(run("id", ["-u", user]).text), gid: Number(run("id", ["-g", user]).text) };
}

function settleUnit(service: Service): string {
  const { program } = placesOf(service);
  return `[Unit]
Description=Steward ${service.program}: ends an upgrade that the machine's end cut short
ConditionPathExists=${journalOf(program)}
Wants=network-online.target
After=network-online.target ${unitOf(service)}

[Service]
Type=oneshot
# The build from before: the new one may be the one that does not start.
ExecStart=/usr/bin/env node ${previousOf(program)} upgrade --settle
# It waits for a heartbeat of the new one, and for the old one to come back.
TimeoutStartSec=2400

[Install]
WantedBy=multi-user.target
`;
}

/** Writes a file in one step where it differs; true when it did. A link (an upgraded program) gives way to it. */
function putFile(path: string, content: Buffer, mode: number): boolean {
  if (existsSync(path) && readFileSync(path).equals(content)) return false;
  const temporary = `${path}.new`;
  writeFileSync(temporary, content, { mode });
  chmodSync(temporary, mode);
  renameSync(temporary, path);
  return true;
}

function isLinkTo(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function must(run: Run, command: string, args: readonly string[], options?: Parameters<Run>[2]): string {
  const { code, text } = run(command, args, options);
  if (code === 0) return text;
  throw new AppError(
    "unprocessable",
    `${[command, ...args].join(" ")} ended with ${code}: ${text.trim().slice(0, 500)}`,
  );
}

export const runHere: Run = (command, args, { input, user: as, env } = {}) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
    ...as,
    ...(env === undefined ? {} : { env }),
  });
  return { code: status ?? 127, text: error === undefined ? `${stdout}${stderr}` : String(error) };
};
