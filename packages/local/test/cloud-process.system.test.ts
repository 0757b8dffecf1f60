import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type CloudProcess,
  environmentOf,
  mainFile,
  runToEnd,
  startCloudProcess,
  temporaryFolder,
  writeCredentials,
} from "./cloud-process.ts";
import { readPidFile } from "../src/cloud/pid-file.ts";
import { eventually } from "./contract/target.ts";

let folder: ReturnType<typeof temporaryFolder>;
let cloud: CloudProcess | undefined;
beforeEach(() => {
  folder = temporaryFolder();
  writeCredentials(folder.path);
  cloud = undefined;
});
afterEach(async () => {
  await cloud?.kill();
  folder.remove();
});

const state = () => join(folder.path, "state", "cloud");
/** Not of a file that is just being written. */
function enginePid(): Promise<number> {
  return eventually(() => readPidFile(join(state(), "engine.pid"))?.pid);
}
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a start that cannot work says in one sentence what to do", () => {
  test("a taken port", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await runToEnd(environmentOf(folder.path, { STEWARD_CLOUD_PORT: String(port) }));
    server.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is taken`);
    expect(stderr).toContain("STEWARD_CLOUD_PORT");
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("a state folder that cannot be written", async () => {
    const file = join(folder.path, "a-file");
    writeFileSync(file, "");
    for (const place of [file, "/proc/nowhere", "/sys/nowhere"]) {
      const { code, stderr } = await runToEnd(environmentOf(folder.path, { STEWARD_STATE_DIR: place }));
      expect(code).toBe(1);
      expect(stderr).toContain(`Cannot write to the state folder ${place}`);
      expect(stderr).toContain("STEWARD_STATE_DIR");
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  test("an engine that does not answer", async () => {
    const { code, stderr } = await runToEnd(
      environmentOf(folder.path, { STEWARD_DYNAMODB_ENDPOINT: "http://127.0.0.1:9" }),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("STEWARD_DYNAMODB_ENDPOINT=http://127.0.0.1:9");
  });

  test("an environment with several mistakes: all of them at once", async () => {
    const { code, stderr } = await runToEnd({
      PATH: process.env.PATH,
      STEWARD_CLOUD_PORT: "99999",
      STEWARD_STAGE: "Bad!",
    });
    expect(code).toBe(1);
    for (const name of ["STEWARD_STATE_DIR", "STEWARD_CLOUD_PORT", "STEWARD_STAGE", "STEWARD_CREDENTIALS_FILE"])
      expect(stderr).toContain(name);
  });

  test("credentials that others can read", async () => {
    const file = join(folder.path, "open.json");
    writeFileSync(file, "[]", { mode: 0o644 });
    const { code, stderr } = await runToEnd(environmentOf(folder.path, { STEWARD_CREDENTIALS_FILE: file }));
    expect(code).toBe(1);
    expect(stderr).toContain("chmod 600");
  });

  test("a second cloud on one folder", async () => {
    cloud = await startCloudProcess(folder.path);
    const { code, stderr } = await runToEnd(environmentOf(folder.path));
    expect(code).toBe(1);
    expect(stderr).toContain(`process ${cloud.process.pid}`);
  });
});

describe("the process", () => {
  test("it ends with its parent, and its database with it, however it ends", async () => {
    cloud = await startCloudProcess(folder.path);
    const engine = await enginePid();
    expect(isAlive(engine)).toBe(true);
    cloud.process.stdin?.end();
    await eventually(() => (cloud?.process.exitCode === 0 ? true : undefined));
    expect(isAlive(engine)).toBe(false);

    cloud = await startCloudProcess(folder.path);
    const second = await enginePid();
    await cloud.kill();
    await eventually(() => (isAlive(second) ? undefined : true));
  });

  test("a parent with an IPC channel is told, and its end noticed", async () => {
    const child = spawn(process.execPath, [mainFile], {
      env: environmentOf(folder.path),
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const message = await new Promise<unknown>((resolve) => child.once("message", resolve));
    expect(message).toMatchObject({ ready: true, port: expect.any(Number), endpoint: expect.stringContaining("http") });
    child.disconnect();
    expect(await ended).toBe(0);
  });

  test("a database that dies is started again", async () => {
    cloud = await startCloudProcess(folder.path);
    const before = await enginePid();
    process.kill(before, "SIGKILL");
    await eventually(async () => {
      const now = await enginePid();
      return now !== before && isAlive(now) ? true : undefined;
    });
  });

  test("what it writes can be read by nobody else", async () => {
    mkdirSync(state(), { recursive: true, mode: 0o755 });
    cloud = await startCloudProcess(folder.path);
    expect(statSync(state()).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(state()))
      expect([name, statSync(join(state(), name)).mode & 0o077]).toEqual([name, 0]);
    expect(existsSync(join(state(), "dynamodb.sqlite"))).toBe(true);
  });

  test.runIf(process.platform === "linux")(
    "the database engine listens nowhere on this machine's network",
    async () => {
      cloud = await startCloudProcess(folder.path);
      const listening = readFileSync("/proc/net/tcp", "utf8")
        .split("\n")
        .filter((line) => line.split(/\s+/)[4] === "0A")
        .map((line) => Number.parseInt(line.split(/\s+/)[2]?.split(":")[1] ?? "", 16));
      expect(listening).toContain(cloud.port);
      const answers = await Promise.all(
        listening
          .filter((port) => port !== cloud?.port)
          .map((port) =>
            fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(500) }).then(
              (answer) => answer.headers.get("x-dynoxide-version"),
              () => null,
            ),
          ),
      );
      expect(answers.filter((version) => version !== null)).toEqual([]);
    },
  );
});
