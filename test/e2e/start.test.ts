import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@steward/contracts/client";
import { type ProfilesFile, profilesFileSchema } from "@steward/contracts/profile";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { freePort } from "../../packages/local/src/free-ports.ts";
import { startSteward } from "../../packages/local/src/stack.ts";

const main = fileURLToPath(new URL("../../packages/local/src/main.ts", import.meta.url));
const compileCacheDir = join(tmpdir(), "steward-test-compiled");

let folder: string;
let stateDir: string;
let started: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-start-"));
  stateDir = join(folder, "state");
  started = [];
});
afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  await until("its processes are gone", () => processesOf(stateDir).length === 0);
  rmSync(folder, { recursive: true, force: true });
});

/** Waits for a condition with a deadline: what it waits for is in the error. */
async function until(what: string, condition: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadlineMs = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes that were started for this state folder: it is in their environment or arguments. */
function processesOf(dir: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const told = readFileSync(`/proc/${pid}/environ`, "utf8") + readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return told.includes(dir) ? [pid] : [];
    } catch {
      return [];
    }
  });
}

interface Ports {
  api: number;
  nodes: number;
  cloud: number;
}

async function freePorts(): Promise<Ports> {
  return { api: await freePort(), nodes: await freePort(), cloud: await freePort() };
}

/** `npm start` with few appliances, as a user would have it. */
function npmStart(ports: Ports, ...more: string[]) {
  const child = spawn(
    process.execPath,
    [
      main,
      `--state-dir=${stateDir}`,
      "--appliances=3",
      "--executor=simulate",
      `--api-port=${ports.api}`,
      `--nodes-port=${ports.nodes}`,
      `--cloud-port=${ports.cloud}`,
      ...more,
    ],
    {
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        STEWARD_CONFIG_DIR: join(folder, "config"),
        XDG_CACHE_HOME: compileCacheDir,
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  started.push(child);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const isUp = async () => {
    await until(
      "Steward is up",
      () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${said}`);
        return said.includes("Ctrl-C ends everything");
      },
      60_000,
    );
  };
  return { child, ended, isUp, said: () => said };
}

function profiles(): ProfilesFile {
  return profilesFileSchema.parse(JSON.parse(readFileSync(join(folder, "config", "profiles.json"), "utf8")));
}

async function nodesOfAcme(): Promise<string[]> {
  const profile = profiles().profiles["local"];
  if (profile === undefined) throw new Error("no profile");
  const call = createClient({
    baseUrl: profile.apiUrl,
    transport: fetchTransport,
    headers: () => ({ authorization: `Bearer ${profile.accessToken}` }),
  });
  return (await call("listNodes", {})).items.map(({ id, name }) => `${name} ${id}`).sort();
}

describe("npm start", () => {
  it("says how to use it, writes the CLI's profiles for its user alone, refuses a second one, and ends with every child", async () => {
    const config = join(folder, "config");
    const other = { apiUrl: "https://api.example.org", refreshToken: "mine" };
    mkdirSync(config, { mode: 0o700 });
    writeFileSync(join(config, "profiles.json"), JSON.stringify({ current: "work", profiles: { work: other } }));
    const ports = await freePorts();
    const steward = npmStart(ports);
    await steward.isUp();

    const link = /http:\/\/127\.0\.0\.1:\d+\/#login=(\S+)/.exec(steward.said());
    expect(link?.[0]).toContain(`:${ports.api}/`);
    expect(steward.said().match(/npx steward ask/g)).toHaveLength(3);
    expect(steward.said()).toContain("simulate: as asked for");

    expect(statSync(join(config, "profiles.json")).mode & 0o777).toBe(0o600);
    expect(profiles().current).toBe("work");
    expect(profiles().profiles["work"]).toEqual(other);
    expect(Object.keys(profiles().profiles)).toContain("local-provider");
    expect(await nodesOfAcme()).toHaveLength(1);

    const login = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ bootstrapToken: link?.[1] }),
    };
    expect((await fetch(`http://127.0.0.1:${ports.api}/api/v1/sessions`, login)).status).toBe(201);
    expect((await fetch(`http://127.0.0.1:${ports.api}/api/v1/sessions`, login)).status).toBe(401);

    for (const name of readdirSync(stateDir)) {
      const { mode } = statSync(join(stateDir, name));
      expect([name, mode & 0o077]).toEqual([name, 0]);
    }
    const children = processesOf(stateDir).length;
    expect(children).toBeGreaterThan(4);

    const second = npmStart(await freePorts());
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(`process ${steward.child.pid}`);
    // The one that runs has lost nothing by it.
    expect(await nodesOfAcme()).toHaveLength(1);
    expect(processesOf(stateDir)).toHaveLength(children);

    steward.child.kill("SIGINT");
    expect(await steward.ended).toBe(0);
    await until("no child is left", () => processesOf(stateDir).length === 0, 2_000);
  });

  it("takes every child along when it is killed, starts again with what was there, and ends at once at the second Ctrl-C", async () => {
    const ports = await freePorts();
    const first = npmStart(ports);
    await first.isUp();
    const before = await nodesOfAcme();
    first.child.kill("SIGKILL");
    await until("no child outlives it", () => processesOf(stateDir).length === 0, 10_000);
    const second = npmStart(ports);
    await second.isUp();
    expect(await nodesOfAcme()).toEqual(before);
    second.child.kill("SIGINT");
    await until("it has taken notice", () => second.said().includes("Ending."));
    second.child.kill("SIGINT");
    expect([0, 130]).toContain(await second.ended);
    await until("no child is left", () => processesOf(stateDir).length === 0, 2_000);
  });

  it("leaves no child behind when Ctrl-C comes while it starts", async () => {
    const steward = npmStart(await freePorts());
    await until("it has begun", () => processesOf(stateDir).some((pid) => pid !== steward.child.pid));
    steward.child.kill("SIGINT");
    expect(await steward.ended).toBe(130);
    await until("no child is left", () => processesOf(stateDir).length === 0, 10_000);
  });

  it.each(["api", "nodes", "cloud"] as const)("names a %s port that is taken, and the option", async (which) => {
    const ports = await freePorts();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(ports[which], "127.0.0.1", resolve));
    try {
      const steward = npmStart(ports);
      expect(await steward.ended).toBe(1);
      expect(steward.said().trim().split("\n")).toHaveLength(1);
      expect(steward.said()).toContain(String(ports[which]));
      expect(steward.said()).toContain(`--${which}-port`);
    } finally {
      taken.close();
    }
  });

  it("says what to do about a folder that cannot be written, an unknown option and a DynamoDB that is not there", async () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    for (const [options, words] of [
      [["--state-dir", join(file, "state")], "--state-dir"],
      [["--state-dir", "/proc/steward"], "--state-dir"],
      [["--bogus"], "--help"],
    ] as const) {
      const steward = npmStart(await freePorts(), ...options);
      expect(await steward.ended).toBe(1);
      expect(steward.said().trim().split("\n")).toHaveLength(1);
      expect(steward.said()).toContain(words);
    }
    chmodSync(file, 0o600);
  });
});

describe("the supervisor", () => {
  it("starts a child again that was killed, and the installation goes on", async () => {
    const stack = await startSteward({
      stateDir,
      appliances: 2,
      troubles: false,
      executor: "simulate",
      heartbeatIntervalSeconds: 1,
      compileCacheDir,
    });
    try {
      const call = createClient({
        baseUrl: stack.apiUrl,
        transport: fetchTransport,
        headers: () => stack.headersOf("acme"),
      });
      for (const role of ["fleet", "worker", "host", "cloud"] as const) {
        const before = stack.pids()[role];
        expect(before).toBeGreaterThan(0);
        stack.kill(role);
        await stack.up(role);
        expect(stack.pids()[role]).not.toBe(before);
        const after = Date.now();
        await until(
          `an appliance beats again after ${role} was killed`,
          async () => {
            const nodes = await call("listNodes", {}).catch(() => undefined);
            return nodes?.items.some(({ lastSeenAt }) => Date.parse(lastSeenAt ?? "") > after) === true;
          },
          30_000,
        );
      }
    } finally {
      await stack.close();
    }
    expect(processesOf(stateDir)).toEqual([]);
  });
});
