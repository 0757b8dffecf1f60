import { execFile, type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  rmdirSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A Linux machine that systemd has started, on the files and the network of this one; what changes goes with it. */
export interface SystemdMachine {
  /** Where its files are seen from here. */
  root: string;
  /** Runs a command there as root, to its end. Never throws: `code` is 0 where it went well. */
  run(command: string, args: readonly string[], input?: string): Promise<{ code: number; text: string }>;
  /** Resolves when systemd has started everything. */
  boot(): Promise<void>;
  /** As when the power is cut: what is on its disk stays. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

const systemd = "/lib/systemd/systemd";
const isRoot = process.getuid?.() === 0;

/** Why none can be had here; undefined where one can. */
export function whyNoSystemd(): string | undefined {
  if (process.platform !== "linux" || !isRoot) return "it needs Linux, and root";
  if (!existsSync(systemd)) return "systemd is not installed";
  if (cgroupRoot() === undefined) return "no cgroup2 file system is mounted";
  const overlay =
    "mount -t tmpfs t /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r";
  const { status } = spawnSync("unshare", ["--mount", "sh", "-c", overlay], { stdio: "ignore" });
  return status === 0 ? undefined : "no overlay can be laid over the file system of this machine";
}

function cgroupRoot(): string | undefined {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return mounts.map((line) => line.split(" ")).find(([, , type]) => type === "cgroup2")?.[1];
}

export async function createSystemdMachine(hostname: string): Promise<SystemdMachine> {
  const folder = mkdtempSync(join(tmpdir(), "steward-machine-"));
  const cgroup = join(cgroupRoot() ?? "", `steward-test-${process.pid}-${hostname}`);
  mkdirSync(cgroup);
  // The disk outlives a cut of the power: its mounts belong to a process that only waits.
  const holder = spawn(
    "unshare",
    [
      "--mount",
      "sh",
      "-c",
      `mount -t tmpfs disk "$0" && mkdir "$0/upper" "$0/work" "$0/root" && mount -t overlay overlay -o lowerdir=/,upperdir="$0/upper",workdir="$0/work" "$0/root" && echo ready && exec sleep infinity`,
      folder,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", () => reject(new Error("the machine's disk could not be made")));
  });
  const root = join(`/proc/${holder.pid}/root`, folder, "root");
  const put = (path: string, text: string) => {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  // Only systemd itself and what the test installs: none of the services that this machine happens to have.
  for (const name of readdirSync(join(root, "etc/systemd/system"))) {
    if (name.endsWith(".wants")) rmSync(join(root, "etc/systemd/system", name), { recursive: true });
  }
  put("etc/fstab", "");
  put("etc/machine-id", "");
  // The Node that the tests run on.
  rmSync(join(root, "usr/local/bin/node"), { force: true });
  spawnSync("cp", [process.execPath, join(root, "usr/local/bin/node")]);

  let boots: ChildProcess | undefined;
  let init: number | undefined;
  const enter = (command: string, args: readonly string[], input?: string) =>
    new Promise<{ code: number; text: string }>((resolve) => {
      const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
      const inside = ["--target", String(init), "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd"];
      const child = execFile(
        "nsenter",
        [...inside, "--", "/usr/bin/env", "-i", path, "HOME=/root", command, ...args],
        { encoding: "utf8", timeout: 120_000, maxBuffer: 1 << 24 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : 127;
          resolve({ code, text: `${stdout}${stderr}` });
        },
      );
      // A process that ends before it reads its input (the machine still boots) is told by its code, not by the pipe.
      child.stdin?.on("error", () => undefined);
      child.stdin?.end(input ?? "");
    });
  const cut = async () => {
    if (boots === undefined) return;
    const ended = new Promise((resolve) => boots?.once("exit", resolve));
    // With its first process all of it ends.
    if (init !== undefined) process.kill(init, "SIGKILL");
    boots.kill("SIGKILL");
    await ended;
    init = undefined;
    boots = undefined;
  };
  return {
    root,
    run: enter,
    async boot() {
      const script = join(import.meta.dirname, "systemd-machine.sh");
      // Into its own group first: a cgroup namespace begins where its process is.
      const start = `echo $$ > "$1/cgroup.procs" && exec nsenter --target "$2" --mount unshare --mount --pid --fork --kill-child --uts --ipc --cgroup bash "$3" "$4" "$5"`;
      boots = spawn("bash", ["-c", start, "bash", cgroup, String(holder.pid), script, join(folder, "root"), hostname], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const { pid } = boots;
      for (let tries = 0; tries < 300; tries += 1) {
        init = childOf(pid);
        const { text } = init === undefined ? { text: "" } : await enter("systemctl", ["is-system-running"]);
        // `degraded`: some unit of this machine's Debian is of no use in a container.
        if (/^(?:running|degraded)$/m.test(text)) return;
        await pause(100);
      }
      throw new Error("systemd does not come up");
    },
    cut,
    async close() {
      await cut();
      const ended = new Promise((resolve) => holder.once("exit", resolve));
      holder.kill("SIGKILL");
      await ended;
      await removeGroups(cgroup);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Process 1 of the machine: the one child of `unshare`, which the shell has become. */
function childOf(pid: number | undefined): number | undefined {
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return first === undefined || first === "" ? undefined : Number(first);
}

/** What was killed is in its group for a moment longer. */
async function removeGroups(group: string): Promise<void> {
  for (const { name } of readdirSync(group, { withFileTypes: true }).filter((one) => one.isDirectory())) {
    await removeGroups(join(group, name));
  }
  for (let tries = 0; ; tries += 1) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries === 100) throw error;
    }
    await pause(50);
  }
}
