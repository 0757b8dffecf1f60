import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { chownSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { journalOf } from "@steward/node-client/upgrade";
import { splitToken } from "@steward/node-client/enrol";

/** Runs a program to its end; `input` is its standard input. */
export type Run = (
  command: string,
  args: readonly string[],
  options?: { input?: string; user?: { uid: number; gid: number }; env?: Record<string, string> },
) => { code: number; text: string };

export interface InstallOptions {
  /** The file to install, and the folder of its systemd unit. */
  program: string;
  unit: string;
  /** Enrols as this: an address and a token. Absent: it is enrolled already, or will be. */
  enrol?: { url: string; token: string };
  /** More lines for `worker.env`, where that file is not there yet. */
  settings: Readonly<Record<string, string>>;
  run: Run;
  say: (line: string) => void;
  /** `/`, or a folder in its place. */
  root?: string;
}

const user = "steward-worker";
const service = "steward-worker.service";

/** What an installed worker consists of, below `root`. */
export function placesOf(root = "/") {
  return {
    program: join(root, "opt/steward/steward-worker.mjs"),
    command: join(root, "usr/local/bin/steward-worker"),
    unit: join(root, "etc/systemd/system", service),
    settings: join(root, "etc/steward/worker.env"),
    state: join(root, "var/lib/steward-worker"),
    trust: join(root, "opt/steward/worker-trust"),
    lock: join(root, "opt/steward/steward-worker.lock"),
  };
}

/** What the host is needed for: what it says on its way, and to whom `install.sh` is of use. */
const purposes = {
  install: { cannot: "the worker cannot be installed here", next: "install.sh, beside this file, brings Node" },
  upgrade: { cannot: "the worker cannot be upgraded here", next: "a worker's host runs Linux, systemd and Node 24" },
  uninstall: { cannot: "the worker cannot be taken off here", next: "run it on the host that it was installed on" },
} as const;

/** Everything that is not right at once; nothing was changed then. */
export function checkHost(
  purpose: keyof typeof purposes,
  { run, root = "/" }: Pick<InstallOptions, "run" | "root">,
): void {
  const problems: string[] = [];
  if (process.platform !== "linux") problems.push(`this is ${process.platform}; a worker's host runs Linux`);
  if (run("id", ["-u"]).text.trim() !== "0") problems.push(`this must be run as root: sudo steward-worker ${purpose}`);
  if (!existsSync(join(root, "run/systemd/system"))) problems.push("systemd does not run here");
  const runsOn = purpose !== "uninstall";
  // As the unit will find it, whatever the path of this shell is.
  const path = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const { code, text } = run("/usr/bin/env", ["node", "--version"], { env: path });
  const major = Number(/^v(\d+)\./.exec(text.trim())?.[1] ?? 0);
  if (runsOn && (code !== 0 || major < 24)) {
    problems.push(
      `systemd finds ${code === 0 ? `Node ${text.trim()}` : "no Node"} in /usr/local/bin or /usr/bin; it needs 24`,
    );
  }
  if (problems.length === 0) return;
  const { cannot, next } = purposes[purpose];
  throw new AppError("unprocessable", cannot, {
    fields: problems.map((message) => ({ path: "host", message })),
    next: `${next}; nothing was changed`,
  });
}

/**
 * Makes a worker's host of this machine, or what is missing of it: user, folders, program, settings, unit, enrolment. May
 * be run again at any time: settings that somebody wrote stay, and so does who the machine is.
 */
export function installWorker(options: InstallOptions): void {
  const { run, say, root = "/" } = options;
  checkHost("install", options);
  const places = placesOf(root);
  if (run("id", [user]).code !== 0) {
    must(
      run,
      "useradd",
      ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"].concat(
        "--home-dir",
        "/var/lib/steward-worker",
        user,
      ),
    );
    say(`made the user ${user}`);
  }
  const ids = { uid: Number(run("id", ["-u", user]).text), gid: Number(run("id", ["-g", user]).text) };
  for (const folder of [dirname(places.program), dirname(places.settings), dirname(places.unit)]) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
  }
  mkdirSync(dirname(places.command), { recursive: true });
  if (!existsSync(places.state)) mkdirSync(places.state, { recursive: true, mode: 0o700 });
  chmodSync(places.state, 0o700);
  chownSync(places.state, ids.uid, ids.gid);

  if (putFile(places.program, readFileSync(options.program), 0o755)) say(`${places.program}`);
  rmSync(journalOf(places.program), { force: true });
  if (!isLinkTo(places.command)) {
    rmSync(places.command, { force: true });
    symlinkSync(places.program, places.command);
  }
  if (!existsSync(places.settings)) {
    const lines = Object.entries({ STEWARD_STATE_DIR: "/var/lib/steward-worker", ...options.settings });
    putFile(places.settings, Buffer.from(lines.map(([name, value]) => `${name}="${value}"\n`).join("")), 0o644);
    say(`${places.settings}: the worker's settings`);
  }
  if (putFile(places.unit, readFileSync(options.unit), 0o644)) say(`${places.unit}`);
  must(run, "systemctl", ["daemon-reload"]);

  if (options.enrol !== undefined) {
    const { url, token } = options.enrol;
    const env = { STEWARD_STATE_DIR: places.state, PATH: process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin" };
    // By the pipe: no argument and no file has the token.
    say(
      must(run, process.execPath, [places.program, "enrol", "--url", url, "--token", "-"], {
        input: token,
        user: ids,
        env,
      }).trimEnd(),
    );
  }
  if (existsSync(join(places.state, "node.json"))) {
    pinRoot(options, places);
    must(run, "systemctl", ["enable", service]);
    must(run, "systemctl", ["restart", service]);
    say("the worker runs: systemctl status steward-worker; sudo steward-worker doctor");
  } else {
    say("not enrolled yet: run this again with --url and --token -");
  }
}

/**
 * The unit to install, for a program in `folder`: beside the single-file build; where the sources run, in their own
 * folder; of an installed program, the one that it was installed with.
 */
export function unitFile(folder: string, root = "/"): string {
  const name = "steward-worker.service";
  const found = [join(folder, name), join(folder, "../systemd", name), placesOf(root).unit].find((path) =>
    existsSync(path),
  );
  if (found !== undefined) return found;
  throw new AppError("unprocessable", `${name} is not beside this program`, {
    next: "install from the folder of the build, which has it",
  });
}

/**
 * Keeps the root key where the worker's user cannot write: it decides what root installs later. The token that came from
 * a person names the key; without one it is the key that is there at the first installation.
 */
function pinRoot({ enrol, say }: InstallOptions, places: ReturnType<typeof placesOf>): void {
  const key = enrolledRootOf(readFileSync(join(places.state, "node.json"), "utf8"));
  const fingerprint = sha256Hex(Buffer.from(key, "base64"));
  const known = pinnedRoot(places);
  const named = enrol === undefined ? undefined : splitToken(enrol.token).rootFingerprint;
  if ((known ?? key) !== key || (named ?? fingerprint) !== fingerprint) throw anotherRoot();
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

export function anotherRoot(): AppError {
  return new AppError("forbidden", "the worker's state names another root key than this machine was installed with", {
    next: "do not go on: look at the machine; steward-worker uninstall, and enrol it again with a new token",
  });
}

function enrolledRootOf(text: string): string {
  try {
    const { rootPublicKey } = JSON.parse(text) as { rootPublicKey?: unknown };
    if (typeof rootPublicKey === "string" && /^[A-Za-z0-9+/]+=*$/.test(rootPublicKey)) return rootPublicKey;
  } catch {
    // Said below, without its text: it may be a link to a file that is nobody's business.
  }
  throw new AppError("unprocessable", "the worker's node.json is damaged", {
    next: "empty the state folder, and enrol the machine again",
  });
}

/** Takes off what `installWorker` put there, and who the machine was. Settings stay. */
export function uninstallWorker({ run, say, root = "/" }: Pick<InstallOptions, "run" | "say" | "root">): void {
  const places = placesOf(root);
  run("systemctl", ["disable", "--now", service]);
  for (const path of [places.unit, places.command, places.program, journalOf(places.program), places.trust]) {
    rmSync(path, { recursive: true, force: true });
  }
  rmSync(join(dirname(places.program), "builds"), { recursive: true, force: true });
  run("systemctl", ["daemon-reload"]);
  rmSync(places.state, { recursive: true, force: true });
  say(`the worker is off this machine; ${places.settings} is left`);
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
