import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  copyFile,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { probeSandbox } from "../../packages/agent/src/executor/sandbox.ts";
import { type SandboxManifest, sandboxPaths, sandboxRecipe } from "../../packages/agent/src/executor/sandbox-root.ts";
import { type AptSettings, readAptSettings } from "./apt.ts";

/**
 * Builds the root in `directory/building` and renames it into place when it has proved to work: what is at
 * `directory/root` is always whole. Packages that were fetched stay in `directory/cache`, so that a build which was
 * interrupted goes on where the network left it. Needs root, Debian or Ubuntu, and debootstrap.
 */
export async function buildSandboxRoot(directory: string, say: (line: string) => void): Promise<void> {
  const machine = await requireMachine();
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const unlock = await lock(directory);
  try {
    const apt = await readAptSettings(machine);
    const building = join(directory, "building");
    const cache = join(directory, "cache");
    const fileSystem = join(building, "fs");
    await rm(building, { recursive: true, force: true });
    await mkdir(fileSystem, { recursive: true });
    await mkdir(join(cache, "base"), { recursive: true });
    await mkdir(join(cache, "archives", "partial"), { recursive: true });
    const stage = stages(say, join(directory, "build.log"));

    await stage(`base system (${apt.codename} from ${apt.uri})`, [
      ...inOwnMounts,
      "debootstrap",
      "--variant=minbase",
      `--cache-dir=${join(cache, "base")}`,
      `--components=${apt.components.join(",")}`,
      ...(apt.keyring === undefined ? [] : [`--keyring=${apt.keyring}`]),
      apt.codename,
      fileSystem,
      apt.uri,
    ]);
    await prepareApt(fileSystem, apt);
    await stage(`packages (${sandboxRecipe.packages.join(", ")})`, [
      ...inOwnMounts,
      "sh",
      "-euc",
      installScript,
      "sh",
      fileSystem,
      join(cache, "archives"),
      ...sandboxRecipe.packages,
    ]);
    await finish(fileSystem);
    say("• ids (files go to ids that no user of this machine has)");
    await shiftIds(fileSystem);

    say("• trial run");
    const manifest: SandboxManifest = {
      recipe: sandboxRecipe.version,
      idBase: sandboxRecipe.idBase,
      release: machine.prettyName,
      ansible: "",
      builtAt: new Date().toISOString(),
      facts: {},
    };
    const probe = await probeSandbox({ ...manifest, fileSystem });
    if (!probe.usable) {
      throw new AppError("unavailable", `The root was built, but sandboxes do not work here: ${probe.reason}`, {
        next: "In a container, give it the right to mount and to make namespaces (--privileged), or use a machine.",
      });
    }
    const paths = sandboxPaths(directory);
    await writeFile(
      join(building, "sandbox.json"),
      `${JSON.stringify({ ...manifest, ansible: probe.ansible, facts: probe.facts }, null, 2)}\n`,
    );
    const old = join(directory, "old");
    await rm(old, { recursive: true, force: true });
    if (existsSync(paths.root)) await rename(paths.root, old);
    await rename(building, paths.root);
    await rm(old, { recursive: true, force: true });
  } finally {
    await unlock();
  }
}

/** Whatever a step mounts is gone when it ends, however it ends; so is the name that it gives the machine. */
const inOwnMounts = ["unshare", "--mount", "--uts", "--propagation", "private", "--"];

/**
 * $1 the root, $2 the cache, then packages. No service is started while packages are installed, and none is started
 * by the sandbox until a plan enables it. Postfix writes the machine's name into its configuration: not this machine's.
 */
const installScript = `
root=$1; archives=$2; shift 2
hostname appliance
echo appliance > "$root/etc/hostname"
mount -t proc proc "$root/proc"
mount --bind "$archives" "$root/var/cache/apt/archives"
printf '#!/bin/sh\\nexit 101\\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
chroot "$root" apt-get -q update
chroot "$root" apt-get -q -y --no-install-recommends upgrade
chroot "$root" apt-get -q -y --no-install-recommends install "$@"
for service in ${sandboxRecipe.services.join(" ")}; do
  if [ -e "$root/etc/init.d/$service" ]; then chroot "$root" update-rc.d "$service" disable; fi
done
rm "$root/usr/sbin/policy-rc.d"
`;

interface Machine {
  id: string;
  codename: string;
  prettyName: string;
}

/** What has to be there before anything is touched; every error says what to do. */
async function requireMachine(): Promise<Machine> {
  const release: Record<string, string> = {};
  if (process.platform === "linux") {
    const text = await readFile("/etc/os-release", "utf8").catch(() => "");
    for (const [, key, value] of text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)) {
      if (key !== undefined && value !== undefined) release[key] = value;
    }
  }
  const { ID: id = "", VERSION_CODENAME: codename = "", PRETTY_NAME: prettyName = process.platform } = release;
  if ((id !== "debian" && id !== "ubuntu") || codename === "") {
    throw new AppError("unavailable", `The sandbox can be built on Debian and Ubuntu; this is ${prettyName}.`, {
      next: 'Without it, "npm start" uses the executor `simulate`: it shows what would run.',
    });
  }
  if (process.getuid?.() !== 0) {
    throw new AppError("forbidden", "Building the sandbox needs root.", { next: "Run: sudo npm run sandbox" });
  }
  const missing = ["debootstrap", "unshare", "nsenter", "setpriv", "mount"].filter((program) => !isInstalled(program));
  if (missing.length > 0) {
    const packages = missing.map((program) => (program === "debootstrap" ? program : "util-linux"));
    throw new AppError("unavailable", `Not installed: ${missing.join(", ")}.`, {
      next: `Run: apt-get install ${[...new Set(packages)].join(" ")}`,
    });
  }
  return { id, codename, prettyName };
}

function isInstalled(program: string): boolean {
  return ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].some((place) => existsSync(join(place, program)));
}

/** One build at a time. A lock whose owner is gone is taken over. */
async function lock(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, "build.lock");
  for (;;) {
    try {
      const handle = await open(file, "wx");
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      const owner = Number(await readFile(file, "utf8").catch(() => "0"));
      if (owner > 0 && existsSync(`/proc/${owner}`)) {
        throw new AppError("conflict", `Another build is running (process ${owner}).`, { next: "Wait for it to end." });
      }
      await rm(file, { force: true });
    }
  }
}

function stages(say: (line: string) => void, log: string) {
  return async (title: string, [file = "", ...args]: string[]): Promise<void> => {
    const started = Date.now();
    say(`• ${title}`);
    const output = await open(log, "a");
    const tail: string[] = [];
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], cwd: "/" });
        const take = (chunk: Buffer) => {
          tail.push(chunk.toString());
          if (tail.length > 50) tail.shift();
          output.write(chunk).catch(reject);
        };
        child.stdout.on("data", take);
        child.stderr.on("data", take);
        child.on("error", reject);
        child.on("close", resolve);
      });
      if (code !== 0) {
        const lines = tail.join("").trimEnd().split("\n").slice(-12).join("\n");
        throw new AppError("unavailable", `Building the sandbox failed at: ${title}\n${lines}`, {
          next: `The whole log is in ${log}. What was fetched is kept; run npm run sandbox again.`,
        });
      }
    } finally {
      await output.close();
    }
    say(`  ${Math.round((Date.now() - started) / 1000)} s`);
  };
}

/** For the time of the build the root reads packages from where this machine does. */
async function prepareApt(fileSystem: string, apt: AptSettings): Promise<void> {
  await writeFile(join(fileSystem, "etc/apt/sources.list"), `${apt.sources.join("\n")}\n`);
  await writeFile(join(fileSystem, "etc/apt/apt.conf.d/99-steward-build"), `${apt.configuration.join("\n")}\n`);
  for (const file of ["etc/resolv.conf", "etc/hosts", ...apt.files.map((file) => file.slice(1))]) {
    if (!existsSync(`/${file}`)) continue;
    await mkdir(join(fileSystem, file, ".."), { recursive: true });
    await rm(join(fileSystem, file), { force: true });
    await copyFile(`/${file}`, join(fileSystem, file));
  }
}

/** Nothing of this machine stays in the root: no proxy, no mirror, no host names. */
async function finish(fileSystem: string): Promise<void> {
  const write = (file: string, text: string) => writeFile(join(fileSystem, file), text);
  await rm(join(fileSystem, "etc/apt/apt.conf.d/99-steward-build"), { force: true });
  await write("etc/apt/sources.list", "# The sandbox has no network: packages are what they are.\n");
  await write("etc/resolv.conf", "nameserver 127.0.0.1\n");
  await write("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
  await write("etc/hostname", "appliance\n");
  for (const place of ["var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale"]) {
    await rm(join(fileSystem, place), { recursive: true, force: true });
  }
  await mkdir(join(fileSystem, "var/lib/apt/lists/partial"), { recursive: true });
  await mkdir(join(fileSystem, "var/cache/apt/archives/partial"), { recursive: true });
}

/** Gives every file to the sandbox's own ids. Hard links are met twice, hence the comparison. */
async function shiftIds(path: string): Promise<void> {
  const info = await lstat(path);
  const { idBase } = sandboxRecipe;
  if (info.uid < idBase || info.gid < idBase) {
    await lchown(
      path,
      info.uid < idBase ? info.uid + idBase : info.uid,
      info.gid < idBase ? info.gid + idBase : info.gid,
    );
    // chown takes the set-id bits away.
    if (!info.isSymbolicLink() && (info.mode & 0o6000) !== 0) await chmod(path, info.mode & 0o7777);
  }
  if (info.isDirectory()) for (const entry of await readdir(path)) await shiftIds(join(path, entry));
}
