import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeWithSandbox, sandboxRoot } from "../../../test/support/sandbox.ts";
import { processesOf } from "../src/executor/cgroups.ts";
import { readStat } from "../src/executor/process-tree.ts";
import { cleanEnvironment, type Sandbox, startSandbox } from "../src/executor/sandbox.ts";
import { sandboxPlace } from "../src/executor/sandbox-place.ts";

const run = promisify(execFile);

describeWithSandbox("a sandbox", () => {
  let parent: string;
  const running: Sandbox[] = [];
  beforeEach(async () => {
    const tests = join(sandboxRoot().fileSystem, "../../test");
    await mkdir(tests, { recursive: true });
    parent = await mkdtemp(join(tests, "sandbox-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((sandbox) => sandbox.stop()));
    await rm(parent, { recursive: true, force: true });
  });

  async function start(name = "one"): Promise<Sandbox> {
    const sandbox = await startSandbox({ root: sandboxRoot(), directory: join(parent, name), hostname: name });
    running.push(sandbox);
    return sandbox;
  }

  /** What a command inside printed, on both streams, and how it ended. Failing is what most of these should do. */
  async function inside(sandbox: Sandbox, command: string): Promise<{ code: number; output: string }> {
    const { file, args } = sandbox.command(["sh", "-c", `exec 2>&1; ${command}`]);
    return run(file, args, { cwd: "/", env: cleanEnvironment, timeout: 30_000 }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      (error: { code?: number; stdout?: string; stderr?: string }) => ({
        code: error.code ?? -1,
        output: `${error.stdout ?? ""}${error.stderr ?? ""}`,
      }),
    );
  }

  /** What of the machine something in a sandbox might reach for. */
  async function machine(): Promise<Record<string, string>> {
    const read = (file: string) => readFile(file, "utf8").catch(() => "");
    const ask = (command: string) => run("sh", ["-c", `${command} 2>/dev/null || true`]).then(({ stdout }) => stdout);
    return {
      mounts: await read("/proc/self/mountinfo"),
      hostname: await read("/proc/sys/kernel/hostname"),
      bootId: await read("/proc/sys/kernel/random/boot_id"),
      started: /btime (\d+)/.exec(await read("/proc/stat"))?.[1] ?? "",
      forwarding: await read("/proc/sys/net/ipv4/ip_forward"),
      corePattern: await read("/proc/sys/kernel/core_pattern"),
      links: (await readdir("/sys/class/net").catch((): string[] => [])).sort().join(" "),
      firewall: await ask("nft list ruleset; iptables-save | grep -v '^#'"),
      accounts: await read("/etc/passwd"),
      temporary: (await readdir("/tmp")).filter((name) => name.startsWith("escaped")).join(" "),
      devices: (await readdir("/dev")).sort().join(" "),
    };
  }

  test("has no part in the session, and so in the terminal, that it was started from", async () => {
    const { pid } = await start();
    const sessionOf = async (process: number | "self") => {
      const stat = await readFile(`/proc/${process}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3];
    };
    expect(await sessionOf(pid)).not.toBe(await sessionOf("self"));
  });

  test("holds against what root inside may try, and the machine stays as it was", async () => {
    const before = await machine();
    const sandbox = await start();

    const attempts: [what: string, command: string, refused: boolean][] = [
      ["reboot the machine", "echo b > /proc/sysrq-trigger", true],
      ["make a device", "mknod /tmp/sda b 8 0 && head -c1 /tmp/sda", true],
      ["use a device that is a file on its disk", "mknod /root/kmsg c 1 11 && head -c1 /root/kmsg", true],
      ["mount a disk", "mount -t ext4 /dev/vda /mnt || mount -t ext4 /dev/sda1 /mnt", true],
      ["mount the machine's devices", "mount -t devtmpfs devtmpfs /mnt", true],
      ["take away nodev", "mount -o remount,dev /", true],
      ["load a module", "modprobe dummy || insmod /dummy.ko", true],
      ["set the clock", "date -s 2001-01-01", true],
      ["change a setting of the kernel", "echo /tmp/escaped > /proc/sys/kernel/core_pattern", true],
      ["see the machine's memory", "head -c1 /proc/kcore", true],
      ["reach a neighbour", "ip route get 1.1.1.1", true],
      ["leave by the old root", "ls /run/.outside", true],
      ["see the machine's processes", `ls /proc/${process.pid}/environ`, true],
      ["talk to the machine's bus", "ls /run/dbus/system_bus_socket /run/systemd/private", true],
      ["change its own firewall", "nft add table inet trap && nft list ruleset", false],
      ["make its own mounts", "mount -t tmpfs tmpfs /mnt && touch /mnt/escaped", false],
      ["change its own name", "hostname escaped && touch /tmp/escaped-file", false],
      ["forward its own packets", "echo 1 > /proc/sys/net/ipv4/ip_forward", false],
    ];
    for (const [what, command, refused] of attempts) {
      const { code, output } = await inside(sandbox, command);
      expect(code !== 0, `${what}: ${output}`).toBe(refused);
    }
    expect(await machine()).toEqual(before);

    // Root of the sandbox is nobody outside.
    expect((await readFile(`/proc/${sandbox.pid}/status`, "utf8")).match(/^Uid:\s+(\d+)/m)?.[1]).toBe(
      String(sandboxRoot().idBase),
    );
    // Where a command begins is inside: descriptors that were opened outside would be a way out.
    expect((await inside(sandbox, "ls -A .; ls -l /proc/self/fd /proc/self/cwd")).output).not.toContain("/work");
    expect((await inside(sandbox, "ls ../../../../../../..")).output).not.toContain(".outside");

    // The way to reboot that ends it. The machine does not notice.
    await inside(sandbox, "sync; reboot -f || kill -9 -1; echo o > /proc/sysrq-trigger");
    expect(await machine()).toEqual(before);
  });

  test("has every namespace of its own", async () => {
    const sandbox = await start();
    for (const kind of ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]) {
      const link = (pid: string) => run("readlink", [`/proc/${pid}/ns/${kind}`]).then(({ stdout }) => stdout);
      expect(await link(String(sandbox.pid)), kind).not.toBe(await link("self"));
    }
  });

  test("keeps to its limits", async () => {
    const sandbox = await start();
    if (sandbox.cgroups.length === 0) return;
    const bomb = `python3 -c 'import os, time
for _ in range(5000):
  if os.fork() == 0:
    time.sleep(3)
    os._exit(0)' >/dev/null`;
    expect((await inside(sandbox, bomb)).output).toContain("Resource temporarily unavailable");
    await sandbox.stop();
    const hog = await inside(await start("two"), "python3 -c 'x = bytearray(2 << 30); print(len(x))'");
    expect(hog.code).not.toBe(0);
    expect(hog.output).not.toContain(String(2 ** 31));
  });

  test("services outlive the command that starts them, and state outlives the sandbox", async () => {
    const first = await start();
    await inside(first, "useradd -m john; update-rc.d dnsmasq enable; service dnsmasq start");
    expect((await inside(first, "pgrep -x dnsmasq")).code).toBe(0);
    const bootId = (await inside(first, "cat /proc/sys/kernel/random/boot_id")).output.trim();
    expect(bootId).toBe(first.bootId);
    await first.stop();

    const second = await start();
    expect((await inside(second, "id -u john")).output).toBe("1000\n");
    expect((await inside(second, "pgrep -x dnsmasq")).code, "it starts at boot").toBe(0);
    expect(second.bootId).not.toBe(bootId);
  });

  test("two appliances know nothing of each other", async () => {
    const [one, two] = await Promise.all([start("one"), start("two")]);
    await inside(one, "useradd -m john; touch /srv/mine");
    expect((await inside(two, "id john")).code).not.toBe(0);
    expect((await inside(two, "ls /srv")).output).toBe("");
    expect((await inside(two, "ps ax | grep -c '[s]leep 77'")).output).toBe("0\n");
    expect((await inside(one, "hostname")).output).toBe("one\n");
  });

  test("stopping leaves no process, mount or group behind", async () => {
    const before = await readFile("/proc/self/mountinfo", "utf8");
    const sandbox = await start();
    await inside(sandbox, "setsid sleep 300 > /dev/null 2>&1 &");
    await sandbox.stop();
    expect(await readStat(sandbox.pid)).toBeUndefined();
    for (const group of sandbox.cgroups) expect(existsSync(group)).toBe(false);
    expect(await readFile("/proc/self/mountinfo", "utf8")).toBe(before);
  });

  test("ends with a killed agent, and the next one goes on with its state", async () => {
    const module = join(import.meta.dirname, "../src/executor/sandbox.ts");
    const options = { root: sandboxRoot(), directory: join(parent, "one"), hostname: "one" };
    const agent = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `const { startSandbox } = await import(${JSON.stringify(module)});
       const sandbox = await startSandbox(${JSON.stringify(options)});
       console.log(JSON.stringify({ pid: sandbox.pid, cgroups: sandbox.cgroups, ...sandbox.command(["sh", "-c", "useradd john; setsid sleep 300 >/dev/null 2>&1 &"]) }));
       setInterval(() => {}, 1000);`,
    ]);
    const line = await new Promise<Buffer>((resolve) => agent.stdout.once("data", resolve));
    const left = JSON.parse(line.toString()) as { pid: number; cgroups: string[]; file: string; args: string[] };
    await run(left.file, left.args, { env: cleanEnvironment });
    agent.kill("SIGKILL");

    // At once: the former one may still be ending.
    const sandbox = await start("one");
    expect((await readStat(left.pid))?.zombie ?? true).toBe(true);
    expect((await inside(sandbox, "id -u john; pgrep -x sleep")).output).toBe("1000\n");
    for (const group of sandbox.cgroups) expect(await processesOf(group)).toContain(sandbox.pid);
  });

  test("an appliance's place starts its sandbox when it is needed, and again after it has ended", async () => {
    const directory = join(parent, "lazy");
    const place = sandboxPlace({ root: sandboxRoot(), directory, hostname: "lazy" });
    expect(await place.knownFacts?.()).toMatchObject({ hostname: "lazy", users: [], setups: [] });
    expect(existsSync(directory), "nothing has been started").toBe(false);
    const first = await place.sandbox();
    await inside(first, "kill -9 -1");
    await first.ended;
    const second = await place.sandbox();
    expect(second.bootId).not.toBe(first.bootId);
    await place.close();
    expect(await readStat(second.pid)).toBeUndefined();
  });
});
