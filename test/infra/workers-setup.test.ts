import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { settingsOf } from "../../infra/stages.ts";
import { type NodesDoor, startNodesDoor } from "../../packages/node-client/test/support/nodes-door.ts";
import { buildNodes } from "../../scripts/build/nodes.ts";
import { root } from "../../scripts/run.ts";
import { pins } from "../../stacks/pins.ts";
import { hostUserData } from "../../stacks/user-data.ts";
import { requireOrSkip } from "../support/require.ts";

/*
 * The user data as a fresh instance runs it, from its first line to the enrolled worker and agent: in a mount namespace
 * whose /etc, /opt, /usr/local and /var/lib are folders of the test. What reaches outside (packages, downloads, AWS, users,
 * systemd) are programs that note what they were asked; Node, the two builds and the nodes' door are real.
 */

const namespaces = process.getuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
const works = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
const usable =
  works("unshare", ...namespaces, "mount", "--bind", tmpdir(), "/opt") &&
  ["jq", "xz", "zstd", "/usr/bin/python3"].every((program) => works(program, "--version"));
const describeSetup = requireOrSkip("unshare", usable, "it needs mount namespaces, jq, xz, zstd and /usr/bin/python3");

const instanceId = "i-0123456789abcdef0";
let files = "";
let dir = "";
let door: NodesDoor;
let values: Parameters<typeof hostUserData>[0];

describeSetup("a fresh instance", () => {
  beforeAll(() => {
    files = mkdtempSync(join(tmpdir(), "steward-host-"));
    buildNodes(join(files, "host"));
    for (const source of ["stacks/host", "packages/worker/systemd", "packages/agent/systemd"]) {
      cpSync(join(root, source), join(files, "host"), { recursive: true });
    }
    const zip = ["-m", "zipfile", "-c", "../host.zip", ...readdirSync(join(files, "host"))];
    spawnSync("/usr/bin/python3", zip, { cwd: join(files, "host"), stdio: "inherit" });
    // Archives as the makers pack them, with this Node and with an Ollama that notes what it is asked.
    archive(
      "node-v24.21.0-linux-x64.tar.xz",
      "--xz",
      "node-v24.21.0-linux-x64/bin/node",
      `exec ${process.execPath} "$@"`,
    );
    archive("ollama-linux-amd64.tar.zst", "--zstd", "bin/ollama", noting("ollama", ""));
  });
  afterAll(() => rmSync(files, { recursive: true, force: true }));

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "steward-setup-"));
    for (const folder of ["etc/systemd/system", "opt", "usr-local/sbin", "usr-local/bin", "var-lib"]) {
      mkdirSync(join(dir, folder), { recursive: true });
    }
    for (const name of ["passwd", "group", "nsswitch.conf", "hosts", "ld.so.cache"])
      cpSync(join("/etc", name), join(dir, "etc", name));
    // Every second question is answered with a failure, as if what it depends on were just being started.
    const flaky = (name: string) =>
      `n=$(cat ${dir}/${name} 2>/dev/null || echo 0); echo $((n + 1)) >${dir}/${name}; ((n % 2 == 1)) || exit 1`;
    program("apt-get", "");
    program("usermod", "");
    program("systemctl", "");
    program("sleep", "exec /usr/bin/sleep 0.01");
    // Users of the namespace are root under other names: no other number is known in it.
    program("useradd", `echo "\${@: -1}:x:0:0::/:/usr/sbin/nologin" >>/etc/passwd; echo "\${@: -1}:x:0:" >>/etc/group`);
    program("runuser", `[[ $1 == --user && $3 == -- ]] && shift 3 && exec "$@"`);
    program(
      "curl",
      `out= url=
      while (($#)); do case $1 in --output) out=$2; shift ;; http*) url=$1 ;; esac; shift; done
      case $url in
        http://169.254.169.254/latest/api/token) printf the-token ;;
        http://169.254.169.254/latest/meta-data/instance-id) printf ${instanceId} ;;
        *) ${flaky("downloads")}; cp "${files}/$(basename "$url")" "$out" ;;
      esac`,
    );
    program(
      "aws",
      `${flaky("calls")}
      case "$1 $2" in
        "s3 cp") cp ${files}/host.zip "\${@: -1}" ;;
        "secretsmanager get-secret-value") echo '{"worker":"worker-token","appliance":"appliance-token"}' ;;
      esac`,
    );
    door = await startNodesDoor();
    let refusals = 1;
    door.on("enrol", async ({ body }) => {
      const { csr, token } = body as { csr: string; token: string };
      if (refusals-- > 0) throw new Error("not yet");
      const kind = token === "worker-token" ? "worker" : "appliance";
      return {
        nodeId: newId(kind, 1),
        tenantId: providerTenantId,
        kind,
        name: `gpu-${kind}`,
        certificate: await door.ca.certify(csr),
        rootPublicKey: "AAAA",
        nodesUrl: door.nodesUrl,
      };
    });
    const { workers, region } = settingsOf("prod");
    values = {
      stage: "prod",
      region,
      apiUrl: door.apiUrl,
      models: workers.models,
      files: { bucket: "assets", key: "host.zip" },
    };
  });
  afterEach(async () => {
    await door.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("becomes a worker and an appliance of its own, whatever fails at first, and no token is seen anywhere", async () => {
    const { code, said } = await run(pinnedToTheTest());
    expect(code, said).toBe(0);
    expect(said).toContain("steward-setup: ready");
    const tokens = door.callsOf("enrol").map(({ body }) => (body as { token: string }).token);
    expect(tokens).toEqual(["worker-token", "worker-token", "appliance-token"]);
    expect(said + asked().join("\n")).not.toMatch(/worker-token|appliance-token/);
    expect(identity("steward-worker")).toMatchObject({ kind: "worker" });
    expect(identity("steward-agent")).toMatchObject({ kind: "appliance" });
    expect(statSync(join(dir, "var-lib/steward-worker")).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(join(dir, "etc/steward"))) {
      expect(statSync(join(dir, "etc/steward", name)).mode & 0o077, name).toBe(0);
    }

    const calls = asked();
    const enable = calls.findIndex((call) => call.startsWith("systemctl enable --now"));
    for (const unit of ["ollama", "steward-agent", "steward-worker", "steward-drain"]) {
      expect(calls[enable]).toContain(`${unit}.service`);
      expect(readdirSync(join(dir, "etc/systemd/system"))).toContain(`${unit}.service`);
    }
    // It works with the first model while the second one still comes.
    expect(calls.slice(enable + 1)).toEqual(["ollama pull llama3.2:3b", "ollama pull llama3.1:8b"]);
    expect(calls).toContain(
      "aws secretsmanager get-secret-value --region eu-central-1 --secret-id steward-prod/instance/i-0123456789abcdef0 --query SecretString --output text",
    );
    expect(calls.find((call) => call.startsWith("apt-get") && call.includes("install"))).toContain(
      "ansible-core=2.16.*",
    );
    expect(calls).not.toContain("systemctl poweroff");
    // The doorbell's name for the agent leads to a program that runs.
    expect(
      (await run("steward-agent --help && steward-worker --help && test -x /usr/local/bin/steward-drain\n")).code,
    ).toBe(0);
  });

  it("may run again, and stays who it is", async () => {
    await run(pinnedToTheTest());
    const before = [identity("steward-worker"), identity("steward-agent")];
    const { code, said } = await run(pinnedToTheTest());
    expect(code, said).toBe(0);
    expect([identity("steward-worker"), identity("steward-agent")]).toEqual(before);
  });

  it("runs nothing that is not what was pinned, and goes", async () => {
    const { code, said } = await run(hostUserData(values));
    expect(code).not.toBe(0);
    expect(said).toContain(`${pins.node.url} is not what was pinned`);
    expect(readdirSync(join(dir, "usr-local/bin"))).toEqual([]);
    expect(door.calls).toEqual([]);
    expect(asked().at(-1)).toBe("systemctl poweroff");
    expect(asked().join()).not.toContain("systemctl enable");
  });

  it("goes, and says why, when it was never invited", async () => {
    program("aws", `[[ $1 == s3 ]] && cp ${files}/host.zip "\${@: -1}"`);
    const { code, said } = await run(pinnedToTheTest());
    expect(code).not.toBe(0);
    expect(said).toContain("gave up after 120 tries: invitation");
    expect(asked().at(-1)).toBe("systemctl poweroff");
  });
});

function noting(name: string, body: string): string {
  return `echo "${name} $*" >>"\${STEWARD_TEST_ASKED:-/dev/null}"\n${body}`;
}
function program(name: string, body: string): void {
  const text = `#!/usr/bin/env bash\n${name === "sleep" ? body : noting(name, body)}\n`;
  writeFileSync(join(dir, "usr-local/sbin", name), text, { mode: 0o755 });
}
function archive(name: string, compression: string, member: string, body: string): void {
  const folder = join(files, name.split(".")[0] ?? "");
  mkdirSync(join(folder, member, ".."), { recursive: true });
  writeFileSync(join(folder, member), `#!/usr/bin/env bash\n${body}\n`, { mode: 0o755 });
  spawnSync("tar", ["--create", compression, "--file", join(files, name), member.split("/")[0] ?? ""], { cwd: folder });
}
const asked = () => readFileSync(join(dir, "asked"), "utf8").trim().split("\n");
const identity = (name: string): unknown => JSON.parse(readFileSync(join(dir, "var-lib", name, "node.json"), "utf8"));

/** The user data with the sums of the test's archives instead of the makers'. */
function pinnedToTheTest(): string {
  let text = hostUserData(values);
  for (const { url, sha256 } of [pins.node, pins.ollama]) {
    const own = createHash("sha256")
      .update(readFileSync(join(files, url.split("/").at(-1) ?? "")))
      .digest("hex");
    text = text.replace(sha256, own);
  }
  return text;
}

async function run(text: string): Promise<{ code: number; said: string }> {
  writeFileSync(join(dir, "run.sh"), text, { mode: 0o755 });
  const binds = { etc: "/etc", opt: "/opt", "usr-local": "/usr/local", "var-lib": "/var/lib" };
  const mounts = Object.entries(binds).map(([from, to]) => `mount --bind ${join(dir, from)} ${to}`);
  const child = spawn(
    "unshare",
    [...namespaces, "bash", "--norc", "-c", [...mounts, `exec bash ${join(dir, "run.sh")}`].join(" && ")],
    {
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        STEWARD_TEST_ASKED: join(dir, "asked"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part.toString()));
  const [code] = (await once(child, "close")) as [number];
  return { code, said };
}
