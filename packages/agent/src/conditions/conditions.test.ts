import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ApplianceConfig, applianceConfigSchema } from "@steward/contracts/appliance-config";
import { type Condition, conditionSchema, maxConditions } from "@steward/contracts/heartbeat";
import type { Clock } from "@steward/node-client/clock";
import type { RunTool, ToolOutcome } from "@steward/node-client/run-tool";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createConditionLog } from "./condition-log.ts";
import { judgeCertificate } from "./judge-certificate.ts";
import { judgeFileSystem } from "./judge-file-system.ts";
import { readDrive } from "./read-drives.ts";
import { judgeSensors, readSensors } from "./read-sensors.ts";
import { readPlainFile } from "./read-plain-file.ts";
import { judgeWatched, readFailed, readUnits } from "./read-units.ts";
import { securityUpdates } from "./read-updates.ts";
import { watchMachine } from "./watch-machine.ts";

/** Time that passes only when somebody sleeps, and when it is moved. */
function sleepless() {
  let nowMs = 0;
  const clock: Clock = {
    monotonicMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  return { clock, advance: (ms: number) => void (nowMs += ms) };
}

const capture = (name: string) =>
  readFileSync(new URL(`../../test/fixtures/smartctl.${name}.json`, import.meta.url), "utf8");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "steward-machine-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("a drive's own diagnosis", () => {
  it("is what smartctl really said: failing, wearing, fine, and nothing at all", () => {
    expect(readDrive(capture("hitachi-failing"))).toEqual({
      drive: "sdc [USB JMicron] Hitachi HDS721050DLE630",
      level: "critical",
    });
    expect(readDrive(capture("samsung-970-evo-media-errors"))).toEqual({
      drive: "nvme0 Samsung SSD 970 EVO 500GB",
      level: "warning",
    });
    expect(readDrive(capture("samsung-970-evo-plus"))).toMatchObject({ level: "ok" });
    expect(readDrive(capture("no-device"))).toBeUndefined();
    expect(readDrive("smartctl: command not found")).toBeUndefined();
  });

  it("warns of sectors that cannot be read, and fails with the maker's own threshold", () => {
    const passes = capture("hitachi-failing").replace('"passed": false', '"passed": true');
    expect(readDrive(passes)).toMatchObject({ level: "critical" });
    const pending = passes.replace('"when_failed": "now"', '"when_failed": ""');
    expect(readDrive(pending)).toMatchObject({ level: "warning" });
    expect(readDrive(pending.replace('"value": 8, "string": "8"', '"value": 0, "string": "0"'))).toMatchObject({
      level: "ok",
    });
    const worn = capture("samsung-970-evo-plus").replace('"available_spare": 100', '"available_spare": 9');
    expect(readDrive(worn)).toMatchObject({ level: "critical" });
  });
});

describe("temperatures", () => {
  it("are held to the maker's limits, else to the configured ones; what nothing is connected to says nothing", async () => {
    const hwmon = "sys/class/hwmon";
    put(`${hwmon}/hwmon0/name`, "coretemp\n");
    put(`${hwmon}/hwmon0/temp1_label`, "Package id 0\n");
    put(`${hwmon}/hwmon0/temp1_input`, "91000\n");
    put(`${hwmon}/hwmon0/temp1_max`, "80000\n");
    put(`${hwmon}/hwmon0/temp1_crit`, "100000\n");
    put(`${hwmon}/hwmon1/name`, "acpitz\n");
    put(`${hwmon}/hwmon1/temp1_input`, "72000\n");
    put(`${hwmon}/hwmon1/temp2_input`, "127500\n");
    put(`${hwmon}/hwmon2/name`, "nvme\n");
    put(`${hwmon}/hwmon2/temp1_input`, "85850\n");
    put(`${hwmon}/hwmon2/temp1_max`, "65261850\n");
    put(`${hwmon}/hwmon2/temp1_crit`, "84850\n");
    const sensors = await readSensors(root);
    expect(sensors.map(({ name }) => name)).toEqual(["coretemp Package id 0", "acpitz temp1", "nvme temp1"]);
    expect(judgeSensors(sensors)).toEqual([
      { kind: "temperature", subject: "coretemp Package id 0", level: "warning" },
      { kind: "temperature", subject: "nvme temp1", level: "critical" },
    ]);
    expect(judgeSensors(sensors, { warning: 70, critical: 90 })).toContainEqual({
      kind: "temperature",
      subject: "acpitz temp1",
      level: "warning",
    });
  });

  it("come from the zones where there are no monitors", async () => {
    const zone = "sys/class/thermal/thermal_zone0";
    put(`${zone}/type`, "cpu-thermal\n");
    put(`${zone}/temp`, "86000\n");
    put(`${zone}/trip_point_0_type`, "critical\n");
    put(`${zone}/trip_point_0_temp`, "110000\n");
    expect(await readSensors(root)).toEqual([{ name: "cpu-thermal", celsius: 86, critical: 110 }]);
    expect(judgeSensors(await readSensors(root))).toMatchObject([{ level: "warning" }]);
    expect(await readSensors(join(root, "nowhere"))).toEqual([]);
  });
});

describe("services", () => {
  it("that failed are told, and those that somebody wants and that are not active, critically", () => {
    const failed = `nginx.service            loaded failed failed A high performance web server
getty@tty1.service loaded failed failed Getty on tty1
`;
    expect(readFailed(failed, ["getty@tty1"])).toEqual([
      { kind: "service", subject: "nginx.service", level: "warning" },
    ]);
    const shown = `Id=smbd.service
Names=smbd.service
ActiveState=inactive

Id=backup.timer
Names=backup.timer
ActiveState=active

Id=mariadb.service
Names=mysqld.service mariadb.service mysql.service
ActiveState=active
`;
    expect(judgeWatched(readUnits(shown), ["smbd", "backup.timer", "mysql", "gone"])).toEqual([
      { kind: "service", subject: "smbd.service", level: "critical" },
      { kind: "service", subject: "gone.service", level: "critical" },
    ]);
  });

  it("counts what apt would install of the security archive, and nothing else", () => {
    const simulated = `Inst libssl3 [3.0.9-1] (3.0.11-1~deb12u2 Debian-Security:12/stable-security [amd64])
Inst tzdata [2024a-0+deb12u1] (2024b-0+deb12u1 Debian:12.8/stable [all])
Inst curl [7.88.1-10+deb12u5] (7.88.1-10+deb12u8 Ubuntu:22.04/jammy-security [amd64]) []
Conf libssl3 (3.0.11-1~deb12u2 Debian-Security:12/stable-security [amd64])
`;
    expect(securityUpdates(simulated)).toBe(2);
  });
});

it("a certificate is told two weeks before its end, urgently three days before, and where it is none", () => {
  const pem = execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"].concat([
      "-subj",
      "/CN=nas",
      "-keyout",
      "/dev/null",
    ]),
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const inDays = (days: number) =>
    judgeCertificate("/etc/ssl/nas.pem", pem, Date.now() + days * 86_400_000).map(({ level }) => level);
  expect([inDays(0), inDays(17), inDays(28), inDays(40)]).toEqual([[], ["warning"], ["critical"], ["critical"]]);
  expect(judgeCertificate("/etc/ssl/nas.pem", undefined, 0)).toMatchObject([{ level: "warning" }]);
});

describe("the list of conditions", () => {
  const conditions = fc.uniqueArray(
    fc.record({
      kind: fc.constantFrom("service", "drive"),
      subject: fc.integer({ min: 0, max: 30 }).map(String),
      level: fc.constantFrom("warning" as const, "critical" as const),
    }),
    { maxLength: 40, selector: ({ kind, subject }) => `${kind} ${subject}` },
  );

  it("tells what is so, the worst first, and keeps what went away until it was told once", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(conditions, fc.boolean()), { maxLength: 12 }), (looks) => {
        const log = createConditionLog();
        const untold = new Set<string>();
        let atMs = 0;
        for (const [found, answered] of looks) {
          atMs += 60_000;
          const told = log.see(found, atMs);
          for (const one of told) expect(conditionSchema.safeParse(one).success).toBe(true);
          expect(told.length).toBeLessThanOrEqual(maxConditions);
          const keys = told.map(({ kind, subject }) => `${kind} ${subject}`);
          for (const { kind, subject } of found) untold.add(`${kind} ${subject}`);
          if (untold.size <= maxConditions) expect(new Set(keys)).toEqual(untold);
          const levels = told.map(({ level }) => level);
          expect(levels.toSorted()).toEqual(levels);
          if (!answered) continue;
          log.told();
          for (const key of keys)
            if (!found.some(({ kind, subject }) => `${kind} ${subject}` === key)) untold.delete(key);
        }
      }),
    );
  });

  it("says for how long, and from anew where it came back", () => {
    const log = createConditionLog();
    const full: Condition = { kind: "disk", subject: "/srv", level: "critical" };
    log.see([full], 0);
    expect(log.see([full], 90_000)).toEqual([{ ...full, since: 90 }]);
    log.told();
    // Gone and back while nobody answered: still told, for as long as it is back.
    log.see([], 120_000);
    expect(log.see([], 150_000)).toEqual([{ ...full, since: 150 }]);
    expect(log.see([full], 180_000)).toEqual([{ ...full, since: 0 }]);
  });
});

describe("a machine that is watched", () => {
  const answers: Record<string, string> = {
    "smartctl --scan --json": JSON.stringify({ devices: [{ name: "/dev/sdc", type: "sat" }] }),
    "smartctl --json": capture("hitachi-failing"),
    "systemctl list-units":
      "nginx.service loaded failed failed A web server\nsamba-smbd.service loaded failed failed Samba\n",
    "systemctl show":
      "Id=samba-smbd.service\nNames=smbd.service samba-smbd.service\nActiveState=failed\n\n" +
      "Id=nginx.service\nNames=nginx.service\nActiveState=failed\n",
    "apt-get": "Inst libssl3 [1] (2 Debian-Security:12/stable-security [amd64])\n",
    "df -P -k -- ": "Filesystem 1024-blocks Used Available Capacity Mounted on\n//nas/a b 100 91 9 91% /srv\n",
  };
  const runTool: RunTool = async (tool, args) => {
    const line = [tool, ...args].join(" ");
    const name = Object.keys(answers).find((one) => line.startsWith(one));
    return name === undefined ? { kind: "absent" } : { kind: "output", stdout: answers[name] ?? "" };
  };
  const dayMs = 86_400_000;

  it("tells what its tools and files say, updates after a week, and nothing that it is not to look at", async () => {
    put("run/systemd/system/x", "");
    put("run/reboot-required", "");
    let config: ApplianceConfig = { watch: { services: ["smbd"], filesystems: ["/srv"] } };
    const { clock, advance } = sleepless();
    let nowMs = 1_000 * dayMs;
    const look = watchMachine({
      stateDir: root,
      config: () => config,
      clock,
      nowMs: () => nowMs,
      newTool: () => runTool,
      root,
    });
    const kinds = async () => (await look()).map(({ kind, level }) => `${kind} ${level}`).toSorted();
    await look();
    advance(3_600_000);
    await expect.poll(kinds).toEqual(["disk critical", "drive critical", "service critical", "service warning"]);
    await expect.poll(() => existsSync(join(root, "waiting.json"))).toBe(true);
    nowMs += 8 * dayMs;
    advance(8 * dayMs);
    await expect.poll(kinds).toContain("updates warning");
    expect(await kinds()).toContain("reboot warning");
    config = { watch: { drives: false, updates: false, ignoreServices: ["nginx", "smbd"] } };
    advance(dayMs);
    await expect.poll(kinds).toEqual([]);
  });

  it("keeps since when updates wait while nobody can say, and takes a damaged memory for none", async () => {
    const { clock, advance } = sleepless();
    let nowMs = dayMs;
    const waiting = () => readFileSync(join(root, "waiting.json"), "utf8");
    put("waiting.json", "}");
    let isLocked = false;
    const look = watchMachine({
      stateDir: root,
      config: () => ({ watch: { drives: false } }),
      clock,
      nowMs: () => nowMs,
      newTool: () => async (tool, args) =>
        isLocked && tool === "apt-get" ? { kind: "failed", detail: "it is locked" } : runTool(tool, args),
      root,
    });
    advance(dayMs);
    await look();
    await expect.poll(waiting).toBe(JSON.stringify({ updates: dayMs }));
    isLocked = true;
    // What is looked at after it says when that look has ended.
    put("run/reboot-required", "");
    nowMs += dayMs;
    advance(dayMs);
    await look();
    await expect.poll(waiting).toBe(JSON.stringify({ updates: dayMs, reboot: 2 * dayMs }));
  });

  it("tells drives behind one controller apart", async () => {
    const behind = (disk: number, from: string) =>
      capture(from).replace(/"info_name": "[^"]*"/, `"info_name": "/dev/sda [megaraid_disk_0${disk}]"`);
    const devices = [0, 1].map((disk) => ({ name: "/dev/sda", type: `megaraid,${disk}` }));
    const { clock, advance } = sleepless();
    const look = watchMachine({
      stateDir: root,
      config: () => ({}),
      clock,
      nowMs: () => 0,
      newTool: () => async (tool, args) => {
        if (tool !== "smartctl") return { kind: "absent" };
        if (args.includes("--scan")) return { kind: "output", stdout: JSON.stringify({ devices }) };
        const isFirst = args.includes("megaraid,0");
        const stdout = isFirst ? behind(0, "hitachi-failing") : behind(1, "samsung-970-evo-plus");
        return { kind: "output", stdout };
      },
      root,
    });
    advance(3_600_000);
    await expect
      .poll(look)
      .toMatchObject([{ kind: "drive", subject: "sda [megaraid_disk_00] Hitachi HDS721050DLE630", level: "critical" }]);
  });

  it("asks no drive again that hangs, and the others as before; smartctl's end tells of the drive, not of its answer", async () => {
    const asked: string[] = [];
    // As `createRunTool` does: what no signal ends is not started again.
    const newTool = (): RunTool => {
      let hangs = false;
      return async (tool, args) => {
        if (tool !== "smartctl") return { kind: "absent" };
        const devices = ["a", "b", "c"].map((letter) => ({ name: `/dev/sd${letter}` }));
        if (args.includes("--scan")) return { kind: "output", stdout: JSON.stringify({ devices }) };
        const name = args.at(-1) ?? "";
        if (!hangs) asked.push(name);
        hangs ||= name === "/dev/sdb";
        if (hangs) return { kind: "timed_out", afterMs: 20_000 };
        const stdout = capture("hitachi-failing").replace(/"info_name": "[^"]*"/, `"info_name": "${name}"`);
        return { kind: "failed", detail: "ended with 8", stdout };
      };
    };
    const { clock, advance } = sleepless();
    const look = watchMachine({ stateDir: root, config: () => ({}), clock, nowMs: () => 0, newTool, root });
    const times = (name: string) => asked.filter((one) => one === name).length;
    while (times("/dev/sdc") < 3) {
      advance(1_800_000);
      await look();
    }
    const subjects = async () => (await look()).map(({ subject }) => subject?.slice(0, 3));
    await expect.poll(subjects).toEqual(["sda", "sdc"]);
    expect([times("/dev/sda"), times("/dev/sdb")]).toEqual([3, 1]);
  });

  it("keeps what it knew of a part whose tool does not answer", async () => {
    put("run/systemd/system/x", "");
    let failing: { line: string; outcome: ToolOutcome } | undefined;
    let failures = 0;
    const { clock, advance } = sleepless();
    const look = watchMachine({
      stateDir: root,
      config: () => ({ watch: { services: ["smbd"], updates: false } }),
      clock,
      nowMs: () => 0,
      newTool: () => async (tool, args) => {
        if (failing === undefined || ![tool, ...args].join(" ").startsWith(failing.line)) return runTool(tool, args);
        failures += 1;
        return failing.outcome;
      },
      root,
    });
    const kinds = async () => (await look()).map(({ kind, level }) => `${kind} ${level}`).toSorted();
    const whole = ["drive critical", "service critical", "service warning"];
    advance(1_800_000);
    await expect.poll(kinds).toEqual(whole);
    const fail = async (line: string, outcome: ToolOutcome) => {
      failing = { line, outcome };
      failures = 0;
      // The second look begins when the first one has ended.
      while (failures < 2) {
        advance(1_800_000);
        await look();
      }
    };
    const timedOut = { kind: "timed_out" as const, afterMs: 20_000 };
    const failed = { kind: "failed" as const, detail: "it is busy" };
    for (const line of ["smartctl --scan", "systemctl list-units"]) {
      for (const outcome of [timedOut, failed]) {
        await fail(line, outcome);
        expect([line, outcome.kind, await kinds()]).toEqual([line, outcome.kind, whole]);
      }
    }
    await fail("systemctl show", timedOut);
    expect(await kinds()).toEqual(whole);
    // One name that is none: what has failed is told of at least.
    await fail("systemctl show", failed);
    expect(await kinds()).toEqual(["drive critical", "service warning", "service warning"]);
  });

  it("asks again for no file system whose first look has not ended, and sees the others", {
    timeout: 20_000,
  }, async () => {
    // The tool of a machine, which hangs on one path.
    const bin = join(root, "bin");
    const asked = join(root, "asked");
    put("bin/df", `#!/bin/sh\necho "$4" >>${asked}\ncase "$4" in *dead) exec sleep 20 ;; esac\nexec /bin/df "$@"\n`);
    chmodSync(join(bin, "df"), 0o755);
    mkdirSync(join(root, "alive"));
    const { PATH } = process.env;
    process.env["PATH"] = `${bin}:${PATH}`;
    try {
      const { clock } = sleepless();
      const config = { watch: { filesystems: ["/dead", "/alive", "/gone"] } };
      const look = watchMachine({ stateDir: root, config: () => config, clock, nowMs: () => 0, root });
      for (let n = 0; n < 20; n += 1) await look();
      const times = () => (existsSync(asked) ? readFileSync(asked, "utf8").trim().split("\n").length : 0);
      await expect.poll(times, { timeout: 15_000 }).toBe(3);
      for (let n = 0; n < 20; n += 1) await look();
      expect(times()).toBe(3);
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});

describe("a file that a configuration names", () => {
  it("is read where it is a usual one, and nothing else is opened or waited for", async () => {
    put("a.pem", "a certificate");
    put("long.pem", "a".repeat(1_000_001));
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect(await readPlainFile(join(root, "a.pem"))).toBe("a certificate");
    for (const path of [join(root, "long.pem"), join(root, "pipe"), root, "/dev/zero"]) {
      expect(await readPlainFile(path)).toBeUndefined();
    }
  });

  it("is none of the kernel's, and a unit is no template", () => {
    const parse = (watch: object) => applianceConfigSchema.safeParse({ watch }).success;
    for (const path of ["/dev/zero", "/proc/kmsg", "/sys/kernel", "/dev", "/etc/../dev/zero"]) {
      expect([parse({ certificates: [path] }), parse({ filesystems: [path] })]).toEqual([false, false]);
    }
    expect(parse({ certificates: ["/srv/dev/nas.pem", "/device.pem"], filesystems: ["/"] })).toBe(true);
    for (const unit of ["getty@", "getty@.service"]) expect(parse({ services: [unit] })).toBe(false);
    for (const unit of ["getty@tty1", "getty@tty1.service", "nginx"]) expect(parse({ services: [unit] })).toBe(true);
  });
});

it("a full file system, and one that nobody can say anything of, are told", () => {
  const df = (numbers: string) => ({
    kind: "output" as const,
    stdout: `Filesystem     1024-blocks      Used Available Capacity Mounted on\n//nas/a 1 b  ${numbers} /srv\n`,
  });
  expect(judgeFileSystem("/srv", df("1000 700 300 70%"))).toEqual([]);
  expect(judgeFileSystem("/srv", df("1000 850 150 85%"))).toMatchObject([{ kind: "disk", level: "warning" }]);
  expect(judgeFileSystem("/srv", df("1000 990 -10 100%"))).toMatchObject([{ subject: "/srv", level: "critical" }]);
  expect(judgeFileSystem("/srv", df("0 0 0 -"))).toEqual([]);
  expect(judgeFileSystem("/srv", { kind: "timed_out", afterMs: 1 })).toMatchObject([{ level: "critical" }]);
  expect(judgeFileSystem("/srv", { kind: "failed", detail: "df: /srv: No such file" })).toMatchObject([{}]);
});
