import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { until } from "../../packages/node-client/test/support/until.ts";
import { root } from "../../scripts/run.ts";
import { requireOrSkip } from "../support/require.ts";

/*
 * The drain as an instance runs it: the script itself in bash, with a metadata service on a real socket, and with programs
 * named `aws` and `systemctl` that note what they were asked.
 */

let dir = "";
let child: ChildProcess | undefined;
let imds: Awaited<ReturnType<typeof startImds>>;

/** The instance metadata service, version 2: it answers only who brings its token. */
async function startImds() {
  const entries = new Map<string, string>([["instance-id", "i-0123456789abcdef0"]]);
  let up = true;
  const server = createServer((request, response) => {
    if (!up) return request.socket.destroy();
    const answer = (status: number, body = "") => response.writeHead(status).end(body);
    if (request.url === "/latest/api/token") return answer(request.method === "PUT" ? 200 : 405, "the-token");
    if (request.headers["x-aws-ec2-metadata-token"] !== "the-token") return answer(401);
    const found = entries.get((request.url ?? "").replace("/latest/meta-data/", ""));
    return found === undefined ? answer(404, "Not Found") : answer(200, found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    say: (path: string, text: string) => entries.set(path, text),
    setUp: (next: boolean) => {
      up = next;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "steward-drain-"));
  imds = await startImds();
  mkdirSync(join(dir, "bin"));
  // The worker ends at once when it is stopped, unless the test says that a job is long; a signal ends that too.
  program(
    "systemctl",
    `case "$1" in
      stop) [[ -e ${dir}/long-job ]] && echo deactivating >${dir}/state || echo inactive >${dir}/state ;;
      kill) echo inactive >${dir}/state ;;
      show) cat ${dir}/state ;;
    esac`,
  );
  program("aws", `[[ ! -e ${dir}/aws-fails ]]`);
  writeFileSync(join(dir, "state"), "active\n");
});
afterEach(() => {
  child?.kill("SIGKILL");
  imds.close();
  rmSync(dir, { recursive: true, force: true });
});

function program(name: string, body: string): void {
  const noted = name === "systemctl" ? `[[ $1 == show ]] || ` : "";
  const text = `#!/usr/bin/env bash\n${noted}echo "${name} $*" >>${dir}/asked\n${body}\n`;
  writeFileSync(join(dir, "bin", name), text, { mode: 0o755 });
}
const asked = () => {
  try {
    return readFileSync(join(dir, "asked"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
};
const status = (used: number) => writeFileSync(join(dir, "status.json"), JSON.stringify({ slots: 4, used }));

let said = "";
function start(): void {
  said = "";
  child = spawn("bash", [join(root, "stacks/host/steward-drain.sh")], {
    env: {
      PATH: `${join(dir, "bin")}:${process.env["PATH"]}`,
      AWS_REGION: "eu-central-1",
      STEWARD_GROUP: "steward-test-workers",
      STEWARD_DRAIN_HOOK: "drain",
      STEWARD_DRAIN_SECONDS: "1800",
      STEWARD_DRAIN_PAUSE: "0.05",
      STEWARD_IMDS: imds.url,
      STEWARD_WORKER_STATUS: join(dir, "status.json"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => (said += part.toString()));
}
const ended = async () => {
  if (child === undefined) throw new Error("nothing was started");
  return child.exitCode ?? ((await once(child, "exit")) as [number])[0];
};

const common = "--region eu-central-1 --auto-scaling-group-name steward-test-workers";
const protection = (flag: string) =>
  `aws autoscaling set-instance-protection ${common} --instance-ids i-0123456789abcdef0 ${flag}`;
const protect = protection("--protected-from-scale-in");
const release = protection("--no-protected-from-scale-in");
const stop = "systemctl stop --no-block steward-worker";
const hurry = "systemctl kill --signal=SIGUSR2 --kill-whom=main steward-worker";
const letGo = `aws autoscaling complete-lifecycle-action ${common} --lifecycle-hook-name drain --instance-id i-0123456789abcdef0 --lifecycle-action-result CONTINUE`;
const inSeconds = (seconds: number) =>
  JSON.stringify({ action: "terminate", time: new Date(Date.now() + seconds * 1000).toISOString() });

const usable = ["bash", "curl", "jq"].every((program) => spawnSync(program, ["--version"]).status === 0);

requireOrSkip(
  "jq",
  usable,
  "it needs bash, curl and jq",
)("the drain", () => {
  it("in service: protects the instance while a job runs on it, tells the group of changes only, and stops nothing", async () => {
    imds.say("autoscaling/target-lifecycle-state", "InService");
    status(0);
    start();
    await until("idle", () => asked().at(-1) === release);
    status(2);
    await until("busy", () => asked().at(-1) === protect);
    status(1);
    // No answer of the metadata service is not a notice.
    imds.setUp(false);
    status(0);
    await until("idle again", () => asked().length === 3);
    imds.setUp(true);
    status(3);
    await until("busy again", () => asked().length === 4);
    expect(asked()).toEqual([release, protect, release, protect]);
  });

  it("does not spare an instance for a worker that died with a job", async () => {
    status(2);
    start();
    await until("busy", () => asked().at(-1) === protect);
    const longAgo = new Date(Date.now() - 180_000);
    utimesSync(join(dir, "status.json"), longAgo, longAgo);
    await until("idle", () => asked().at(-1) === release);
  });

  it("sets the protection again and again where the group does not take it yet, and says so once", async () => {
    writeFileSync(join(dir, "aws-fails"), "");
    status(1);
    start();
    await until("some tries", () => asked().length >= 3);
    rmSync(join(dir, "aws-fails"));
    await until("taken", () => said.includes("protected from scale-in: yes"));
    expect(said.match(/could not set/g)).toHaveLength(1);
  });

  it("scale-in: lets the jobs end for as long as they take, then tells the group, once", async () => {
    writeFileSync(join(dir, "long-job"), "");
    status(1);
    start();
    await until("busy", () => asked().at(-1) === protect);
    imds.say("autoscaling/target-lifecycle-state", "Terminated");
    await until("draining", () => readFileSync(join(dir, "state"), "utf8") === "deactivating\n");
    await until("the time it has", () => said.includes("draining, for 1800 s at most"));
    expect(asked()).not.toContain(letGo);
    writeFileSync(join(dir, "state"), "inactive\n");
    expect(await ended()).toBe(0);
    expect(asked()).toEqual([protect, stop, letGo]);
  });

  it("spot notice: lets jobs end while there is time, has them given back before it is over, and tells the group", async () => {
    writeFileSync(join(dir, "long-job"), "");
    status(1);
    start();
    await until("busy", () => asked().at(-1) === protect);
    const noticedAtMs = performance.now();
    imds.say("spot/instance-action", inSeconds(27));
    expect(await ended()).toBe(0);
    expect(asked()).toEqual([protect, stop, hurry, letGo]);
    // Not at once: what can end in the time that is left may end. And long before it is over.
    expect(performance.now() - noticedAtMs).toBeGreaterThan(500);
    expect(performance.now() - noticedAtMs).toBeLessThan(15_000);
  });

  it("a spot notice in the middle of a scale-in cuts it short", async () => {
    writeFileSync(join(dir, "long-job"), "");
    imds.say("autoscaling/target-lifecycle-state", "Terminated");
    start();
    await until("draining", () => readFileSync(join(dir, "state"), "utf8") === "deactivating\n");
    imds.say("spot/instance-action", inSeconds(5));
    expect(await ended()).toBe(0);
    expect(asked()).toEqual([stop, hurry, letGo]);
  });

  it("a notice that cannot be read is one of two minutes", async () => {
    imds.say("spot/instance-action", "soon");
    start();
    expect(await ended()).toBe(0);
    expect(said).toMatch(/spot notice: 1(19|20) s are left/);
    expect(asked()).toEqual([stop, letGo]);
  });

  it("a group that waits for no word does not keep the drain from ending well", async () => {
    writeFileSync(join(dir, "aws-fails"), "");
    imds.say("spot/instance-action", inSeconds(120));
    start();
    expect(await ended()).toBe(0);
    expect(asked().filter((one) => one === letGo)).toHaveLength(5);
  });

  it("rebalance advice: goes on working, but does not ask to be spared", async () => {
    imds.say("events/recommendations/rebalance", JSON.stringify({ noticeTime: new Date().toISOString() }));
    status(2);
    start();
    await until("given up", () => asked().at(-1) === release);
    expect(asked()).toEqual([release]);
    expect(child?.exitCode).toBeNull();
  });

  it("says which of its variables is missing", async () => {
    child = spawn("bash", [join(root, "stacks/host/steward-drain.sh")], {
      env: { PATH: process.env["PATH"], AWS_REGION: "eu-central-1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    said = "";
    child.stderr?.on("data", (part: Buffer) => (said += part.toString()));
    expect(await ended()).not.toBe(0);
    expect(said).toContain("STEWARD_GROUP");
  });
});
