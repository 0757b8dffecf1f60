import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { agentVersion } from "@steward/agent/version";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { newestRelease } from "@steward/catalogue/release-content";
import type { Client } from "@steward/contracts/client";
import { entryUrl } from "@steward/functions/definitions";
import { releaseFiles } from "@steward/functions/release-source";
import { afterAll, beforeAll, expect, it, onTestFailed } from "vitest";
import { bundle, writeFiles } from "../../scripts/build/bundle.ts";
import { buildNodes } from "../../scripts/build/nodes.ts";
import { approve, type Installation, startInstallation, until, untilEnded } from "../support/installation.ts";
import { publishFrom } from "../support/publish-release.ts";
import { requireOrSkip } from "../support/require.ts";
import { createSystemdMachine, type SystemdMachine, whyNoSystemd } from "../support/systemd-machine.ts";

/*
 * Agent and worker as an administrator installs them: the built files, by their own installers, on a machine that a real
 * systemd has started. Their units, what starts them again, and what puts another build in their place are the real ones.
 */

const why = whyNoSystemd();
const describeMachine = requireOrSkip("systemd", why === undefined, why ?? "");
const [good, broken] = ["7.0.0", "8.0.0"];

describeMachine("a machine with systemd", () => {
  let folder: string;
  let installation: Installation;
  let machine: SystemdMachine;
  let acme: Client;
  let nodeId: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "steward-systemd-"));
    buildNodes(folder);
    [installation, machine] = await Promise.all([
      startInstallation({ appliances: 0 }),
      createSystemdMachine("nas-1").then(async (made) => {
        await made.boot();
        return made;
      }),
    ]);
    acme = installation.as("acme");
    // The agent measures this machine, which may have much to do.
    await acme("putThresholds", {
      body: {
        thresholds: {
          cpuPercent: [99, 100],
          memoryPercent: [99, 100],
          diskPercent: [99, 100],
          loadAverage1m: [900, 1_000],
        },
      },
    });
    await publishBuilds();
    for (const program of ["agent", "worker"]) {
      cpSync(join(folder, program), join(machine.root, "root", program), { recursive: true });
      const settings = {
        STEWARD_STATE_DIR: `/var/lib/steward-${program}`,
        STEWARD_SERVER_CA_FILE: "/etc/steward/ca.pem",
        AWS_ENDPOINT_URL: installation.stack.cloudUrl,
      };
      mkdirSync(join(machine.root, "etc/steward"), { recursive: true });
      const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
      writeFileSync(join(machine.root, "etc/steward", `${program}.env`), lines.join(""));
    }
    writeFileSync(join(machine.root, "etc/steward/ca.pem"), installation.serverCa);
  });
  afterAll(async () => {
    await machine?.close();
    await installation?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A release with two builds that this checkout has not: one that is this one under another number, and one that ends at once. */
  async function publishBuilds(): Promise<void> {
    const text = readFileSync(join(folder, "agent/steward-agent.mjs"), "utf8");
    const parts = text.split(`"${agentVersion}"`);
    expect(parts).toHaveLength(2);
    const builds = [parts.join(`"${good}"`), '#!/usr/bin/env node\nthrow new Error("a build that does not start");\n'];
    const digests = builds.map((build) => createHash("sha256").update(build).digest("hex"));
    const directory = join(folder, "bootstrap");
    // As the build does it: a bootstrap with a release beside it.
    const { files } = await bundle({ file: fileURLToPath(entryUrl("bootstrap")) });
    const listed = Object.fromEntries([good, broken].map((version, at) => [version ?? "", digests[at] ?? ""]));
    const release = newestRelease(await buildAllBundles(), listed);
    const beside = new Map<string, string | Uint8Array>([
      ...files,
      [releaseFiles.newest, JSON.stringify(release)],
      ...digests.map((digest, at) => [releaseFiles.build(digest), builds[at] ?? ""] as const),
    ]);
    await writeFiles(directory, beside);
    const outcome = await publishFrom(installation, directory);
    expect(outcome, JSON.stringify(outcome)).toMatchObject({ kind: "result", result: { changed: ["release"] } });
  }

  /** What went wrong is in the journal, which goes with the machine. */
  function tellJournal(unit: string): void {
    onTestFailed(async () => {
      const { text } = await machine.run("journalctl", ["--no-pager", "--lines=60", "--unit", unit]);
      process.stderr.write(`${text}\n`);
    });
  }
  const run = async (command: string, args: string[], input?: string): Promise<string> => {
    const { code, text } = await machine.run(command, args, input);
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${text}`);
    return text;
  };
  const show = async (unit: string, property: string) =>
    (await run("systemctl", ["show", `--property=${property}`, "--value", unit])).trim();
  const status = async () =>
    JSON.parse(await run("steward-agent", ["status", "--json"])) as {
      version: string;
      pid: number;
      connected: boolean;
    };
  const running = async (version: string) =>
    expect.poll(async () => (await status().catch(() => undefined))?.version, { timeout: 60_000 }).toBe(version);
  const upgradeTo = async (version: string) => {
    const task = await acme("submitTask", {
      body: { steps: [{ action: "agent.upgrade", variables: { version } }], targets: ["nas-1"] },
    });
    await approve(acme, await until(acme, task.id, "awaiting_approval"));
    return untilEnded(acme, task.id, 90_000);
  };

  it("install.sh makes it an appliance that beats, and that starts again whatever ends it", async () => {
    tellJournal("steward-agent");
    const { token } = await acme("inviteNode", { body: { kind: "appliance", name: "nas-1", doorbell: "pull" } });
    const install = ["/root/agent/install.sh", "--url", installation.stack.apiUrl, "--token", "-"];
    const said = await run("bash", install, token);
    expect(said).toContain("the agent runs");
    const [, id = "", keyFingerprint = ""] = /Enrolled as nas-1 \((\w+)\)\.\nKey fingerprint: (\w+)/.exec(said) ?? [];
    nodeId = id;
    await acme("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
    await running(agentVersion);
    await expect
      .poll(() => acme("getNode", { params: { nodeId } }), { timeout: 30_000 })
      .toMatchObject({ health: "healthy", agentVersion });

    const first = await show("steward-agent", "MainPID");
    await run("kill", ["-KILL", first]);
    const another = new RegExp(`^(?!(?:0|${first})$)`);
    await expect.poll(() => show("steward-agent", "MainPID"), { timeout: 30_000 }).toMatch(another);
    const second = Number(await show("steward-agent", "MainPID"));
    await expect.poll(async () => (await status().catch(() => undefined))?.pid, { timeout: 60_000 }).toBe(second);
    // The installer changes nothing of what is right, and the doctor finds nothing wrong with it.
    expect(await run("bash", ["/root/agent/install.sh"])).not.toContain("/etc/systemd");
    await running(agentVersion);
    const { code, text } = await machine.run("steward-agent", ["doctor"]);
    expect([code, text], text).toEqual([0, expect.stringContaining("service")]);
  });

  it("a change is made by real Ansible under the unit's limits", async () => {
    tellJournal("steward-agent");
    const task = await acme("submitTask", {
      body: { steps: [{ action: "users.add", variables: { username: "john" } }], targets: ["nas-1"] },
    });
    expect(await untilEnded(acme, task.id, 90_000)).toMatchObject({ status: "succeeded" });
    expect(await run("getent", ["passwd", "john"])).toMatch(/^john:/);
  });

  it("agent.upgrade goes to a build of the release, and the run is ended by that build", async () => {
    tellJournal("steward-agent-upgrade");
    const task = await upgradeTo(good);
    expect(task).toMatchObject({ status: "succeeded" });
    expect((await status()).version).toBe(good);
    expect(await acme("getNode", { params: { nodeId } })).toMatchObject({ agentVersion: good });
  });

  it("a build that does not start gives way to the one before, and the task says so", async () => {
    tellJournal("steward-agent-upgrade");
    const task = await upgradeTo(broken);
    expect(task.status).toBe("failed");
    const [result] = (await acme("getTask", { params: { taskId: task.id } })).runs ?? [];
    expect(result?.steps[0]?.reason).toMatch(/8\.0\.0 was taken back.*ended 3 times/);
    await running(good);
  });

  it("where the power goes in the middle of that, the next start goes back to the build from before", async () => {
    tellJournal("steward-agent-settle");
    const journal = join(machine.root, "opt/steward/steward-agent.mjs.upgrade.json");
    const upgrade = machine.run("steward-agent", ["upgrade", "--version", broken]);
    await expect.poll(() => existsSync(journal) && show("steward-agent", "NRestarts"), { timeout: 30_000 }).toBe("1");
    await machine.cut();
    await upgrade;
    expect(existsSync(journal)).toBe(true);
    await machine.boot();
    await running(good);
    await expect.poll(() => existsSync(journal), { timeout: 30_000 }).toBe(false);
    expect(await show("steward-agent-settle", "Result")).toBe("success");
  });

  it("a worker installs itself as a user of its own, and is seen", async () => {
    tellJournal("steward-worker");
    const provider = installation.as("provider");
    const { token } = await provider("inviteNode", { body: { kind: "worker", name: "gpu-1" } });
    const said = await run(
      "bash",
      ["/root/worker/install.sh", "--url", installation.stack.apiUrl, "--token", "-"],
      token,
    );
    const [, id = "", keyFingerprint = ""] = /Enrolled as gpu-1 \((\w+)\)\.\nKey fingerprint: (\w+)/.exec(said) ?? [];
    await provider("confirmNode", { params: { nodeId: id }, body: { keyFingerprint } });
    await expect.poll(() => show("steward-worker", "ActiveState"), { timeout: 30_000 }).toBe("active");
    await expect
      .poll(async () => (await provider("getNode", { params: { nodeId: id } })).lastSeenAt, { timeout: 60_000 })
      .toBeDefined();
    expect(await run("ps", ["-o", "user=", "-p", await show("steward-worker", "MainPID")])).toMatch(/^steward/);
    expect(await run("steward-worker", ["uninstall"])).toContain("off the list");
  });

  it("uninstall leaves the settings, and nothing else", async () => {
    tellJournal("steward-agent");
    expect(await run("steward-agent", ["uninstall"])).toContain("steward appliances remove nas-1");
    expect(await show("steward-agent", "LoadState")).toBe("not-found");
    const left = [
      "opt/steward/steward-agent.mjs",
      "usr/local/bin/steward-agent",
      "var/lib/steward-agent",
      "etc/steward",
    ];
    expect(left.map((path) => existsSync(join(machine.root, path)))).toEqual([false, false, false, true]);
  });
});
