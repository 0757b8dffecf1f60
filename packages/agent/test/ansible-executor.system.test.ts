import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Variables } from "@steward/contracts/actions";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asUsuallyKilled, createAnsibleExecutor, hostPlace } from "../src/executor/ansible-executor.ts";
import type { StepOutcome, StepRequest } from "../src/executor/executor.ts";
import { readStat } from "../src/executor/process-tree.ts";
import { stepScript } from "../src/executor/step-files.ts";

// A program in the place of ansible-playbook, so that every way in which it may behave can be had. The real one is
// used in test/ansible.
describe.skipIf(process.platform !== "linux")("the executor around ansible-playbook", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "steward-executor-"));
    await mkdir(join(directory, "bundle/roles/users/tasks"), { recursive: true });
    await writeFile(join(directory, "bundle/users_add.yml"), "- hosts: localhost\n");
    await writeFile(join(directory, "bundle/roles/users/tasks/add.yml"), "[]\n");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function executorOf(script: string, environment: Record<string, string> = {}) {
    const program = join(directory, "ansible-playbook");
    await writeFile(program, `#!/bin/sh\nout=${directory}/out\n${script}\n`);
    await chmod(program, 0o755);
    return createAnsibleExecutor({
      place: hostPlace(join(directory, "work")),
      ansiblePlaybook: [program],
      environment,
    });
  }

  interface Options {
    variables?: Variables;
    mode?: StepRequest["mode"];
    verbosity?: StepRequest["verbosity"];
    timeoutSeconds?: number;
    signal?: AbortSignal;
  }

  async function run(script: string, options: Options = {}): Promise<StepOutcome & { output: string }> {
    const executor = await executorOf(script);
    let output = "";
    const outcome = await executor.run(
      stepOf(options),
      (chunk) => {
        output += Buffer.from(chunk).toString();
      },
      options.signal ?? new AbortController().signal,
    );
    return { ...outcome, output };
  }

  function stepOf(options: Options): StepRequest {
    return {
      runId: "run-1",
      attempt: 1,
      stepIndex: 2,
      actionId: "users.add",
      playbook: "users_add",
      bundleDir: join(directory, "bundle"),
      variables: options.variables ?? { username: "john" },
      mode: options.mode ?? "apply",
      verbosity: options.verbosity ?? 0,
      timeoutSeconds: options.timeoutSeconds ?? 30,
    };
  }

  const written = (name: string) => readFile(join(directory, name), "utf8");
  const leftovers = () => readdir(join(directory, "work"));
  const report = (line: object) => `echo '${JSON.stringify(line)}' >&3`;
  const recap = (changed: number, failures: number) => ({
    hosts: { localhost: { ok: 3, changed, failures, unreachable: 0, skipped: 0, rescued: 0, ignored: 0 } },
  });

  test("a step that happened is told as it ended, also when the facts cannot be asked for afterwards", async () => {
    const program = join(directory, "ansible-playbook");
    await writeFile(program, `#!/bin/sh\n${report({ ...recap(1, 0), failures: [] })}\n`);
    await chmod(program, 0o755);
    const executor = createAnsibleExecutor({
      place: {
        ...hostPlace(join(directory, "work")),
        knownFacts: async () => ({ hostname: "before" }),
        keepFacts: () => Promise.reject(new Error("no space left")),
      },
      ansiblePlaybook: [program],
    });
    expect((await executor.facts()).hostname).toBe("before");
    const outcome = await executor.run(stepOf({}), () => {}, new AbortController().signal);
    expect(outcome).toEqual({ status: "succeeded", changed: 1, failedTasks: 0 });
    // What is kept is from before the step: the machine itself is asked.
    expect((await executor.facts()).hostname).not.toBe("before");
  });

  test("hands over bundle, values and mode, streams the output, and leaves nothing behind", async () => {
    const outcome = await run(
      `echo "$@" > $out; cat variables.yml > $out.values; ls -R > $out.files; stat -c %a . variables.yml > $out.modes
       env > $out.env; echo hello; echo careful >&2
       ${report({ ...recap(2, 0), failures: [] })}`,
      { variables: { username: "john", groups: ["a", "b"], keepHome: true, ttl: 300, value: "{{ evil }}: #x\n'\"" } },
    );
    expect(outcome).toEqual({ status: "succeeded", changed: 2, failedTasks: 0, output: "hello\ncareful\n" });
    expect(await written("out")).toBe(
      "--inventory localhost, --connection local --extra-vars @variables.yml users_add.yml\n",
    );
    const values = await written("out.values");
    expect(values).toContain('username: !unsafe "john"');
    expect(values).toContain('- !unsafe "a"');
    expect(values).toContain("keepHome: true");
    expect(values).toContain("ttl: 300");
    expect(values).toContain('value: !unsafe "{{ evil }}: #x\\n');
    expect(values).toContain('record: !unsafe "/var/lib/steward/undo/run-1/2"');
    expect(await written("out.files")).toContain("./roles/users/tasks:\nadd.yml");
    expect(await written("out.modes")).toBe("700\n600\n");
    expect(await leftovers()).toEqual([]);
  });

  test("previews with a diff, and undoes by tag", async () => {
    await run('echo "$@" > $out', { mode: "check", verbosity: 2 });
    expect(await written("out")).toContain("--check --diff -vv users_add.yml");
    await run('echo "$@" > $out', { mode: "undo" });
    expect(await written("out")).toContain("--tags undo users_add.yml");
  });

  test("nothing of the agent's environment reaches the playbook", async () => {
    process.env["STEWARD_TEST_SECRET"] = "canary";
    try {
      await run("env > $out");
    } finally {
      delete process.env["STEWARD_TEST_SECRET"];
    }
    expect(await written("out")).not.toContain("canary");
  });

  test("a failed task is an outcome with its reason", async () => {
    const failures = [{ task: "Add the account", message: "no space left" }];
    expect(await run(`${report({ ...recap(1, 1), failures })}; exit 2`)).toMatchObject({
      status: "failed",
      changed: 1,
      failedTasks: 1,
      reason: "Add the account: no space left",
    });
  });

  test("a program that says nothing is judged by its exit code", async () => {
    expect(await run("exit 0")).toMatchObject({ status: "succeeded", changed: 0 });
    expect(await run("echo nonsense >&3; exit 4")).toMatchObject({
      status: "failed",
      failedTasks: 1,
      reason: "ansible-playbook ended with exit code 4; its output says more",
    });
  });

  test("what a read found is the step's result", async () => {
    const outcome = await run(report({ ...recap(0, 0), failures: [], result: { users: [{ username: "john" }] } }));
    expect(outcome.result).toEqual({ users: [{ username: "john" }] });
  });

  test("a missing program is a failed step that says so", async () => {
    const executor = createAnsibleExecutor({
      place: hostPlace(join(directory, "work")),
      ansiblePlaybook: [join(directory, "nowhere")],
    });
    let output = "";
    const outcome = await executor.run(stepOf({}), (chunk) => (output += String(chunk)), new AbortController().signal);
    expect(outcome.status).toBe("failed");
    expect(output).toContain("not found");
  });

  test("at the deadline the whole tree is killed, also what left its process group", async () => {
    const outcome = await run(
      `setsid sh -c 'echo $$ > ${"$out"}.inner; exec sleep 300' & echo $$ > $out; echo started; sleep 300`.replaceAll(
        "$out.inner",
        join(directory, "out.inner"),
      ),
      { timeoutSeconds: 1 },
    );
    expect(outcome).toMatchObject({
      status: "failed",
      timedOut: true,
      reason: "timed out after 1 s",
      output: "started\n",
    });
    for (const file of ["out", "out.inner"]) expect(await isGone(Number(await written(file)))).toBe(true);
    expect(await leftovers(), "the values went with it").toEqual([]);
  });

  test("an abort ends the step, and a step that was aborted before does not start", async () => {
    const stop = new AbortController();
    const executor = await executorOf("touch $out; echo up; sleep 300");
    const outcome = await executor.run(stepOf({}), () => stop.abort(), stop.signal);
    expect(outcome).toMatchObject({ status: "failed", reason: "interrupted" });
    await rm(join(directory, "out"));
    expect(await executor.run(stepOf({}), () => undefined, stop.signal)).toMatchObject({ reason: "interrupted" });
    await expect(written("out")).rejects.toThrow();
  });

  test("closing ends what runs", async () => {
    const executor = await executorOf("echo up; sleep 300");
    const up = Promise.withResolvers<void>();
    const ended = executor.run(stepOf({}), () => up.resolve(), new AbortController().signal);
    await up.promise;
    await executor.close();
    expect(await ended).toMatchObject({ reason: "interrupted" });
  });

  test("a service that keeps the output open does not hold up the step", async () => {
    const outcome = await run("(setsid sleep 20 &) ; echo done");
    expect(outcome).toMatchObject({ status: "succeeded", output: "done\n" });
  });

  test("a bundle with a link is refused", async () => {
    await symlink("/etc/shadow", join(directory, "bundle/roles/users/tasks/main.yml"));
    await expect(run("touch $out")).rejects.toThrow("which is no plain file");
    await expect(written("out")).rejects.toThrow();
  });

  test("what is started is not spared when memory ends, as the agent is", async () => {
    const score = join(directory, "score");
    const script = asUsuallyKilled.replaceAll("/proc/self/oom_score_adj", score);
    const started = () => execFileSync("sh", ["-c", script, "sh", "echo", "a b"], { encoding: "utf8", stdio: "pipe" });
    for (const [before, after] of [
      ["-500", "0"],
      ["300", "300"],
    ] as const) {
      await writeFile(score, `${before}\n`);
      expect(started()).toBe("a b\n");
      expect((await readFile(score, "utf8")).trim()).toBe(after);
    }
    await rm(score);
    expect(started()).toBe("a b\n");
    expect(await hostPlace(directory).command(["true"])).toMatchObject({
      args: expect.arrayContaining([expect.stringContaining(asUsuallyKilled)]),
    });
  });

  test("nothing begins for an agent that was gone before the program was tied to it", async () => {
    const { file, args } = await hostPlace(directory).command(["touch", join(directory, "out")]);
    const ofAnother = spawnSync("sh", ["-c", '"$@"; exit $?', "sh", file, ...args]);
    expect(ofAnother.status).toBe(143);
    await expect(written("out")).rejects.toThrow();
    expect(spawnSync(file, args).status).toBe(0);
    expect(await written("out")).toBe("");
  });

  test("a step that is ended while its files arrive begins nothing and leaves nothing", async () => {
    const work = join(directory, "work");
    const step = spawn("sh", ["-c", stepScript, "sh", work, "touch", join(directory, "out")], { detached: true });
    const begun = async () => (await readdir(work).catch(() => [])).length > 0;
    while (!(await begun())) await new Promise((resolve) => setTimeout(resolve, 5));
    step.kill("SIGTERM");
    step.stdin.on("error", () => undefined).end(spawnSync("tar", ["-cf", "-", "-T", "/dev/null"]).stdout);
    await new Promise((resolve) => step.once("close", resolve));
    await expect(written("out")).rejects.toThrow();
    expect(await readdir(work)).toEqual([]);
  });

  test("a playbook does not outlive an agent that is killed", async () => {
    const executor = join(import.meta.dirname, "../src/executor/ansible-executor.ts");
    const program = join(directory, "ansible-playbook");
    await writeFile(program, `#!/bin/sh\necho $$ > ${directory}/out\necho up\nsleep 300\n`);
    await chmod(program, 0o755);
    const agent = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `const { createAnsibleExecutor, hostPlace } = await import(${JSON.stringify(executor)});
       const made = createAnsibleExecutor({ place: hostPlace(${JSON.stringify(join(directory, "work"))}),
         ansiblePlaybook: [${JSON.stringify(program)}] });
       await made.run(${JSON.stringify(stepOf({}))}, (chunk) => process.stdout.write(chunk), new AbortController().signal);`,
    ]);
    await new Promise((resolve) => agent.stdout.once("data", resolve));
    const pid = Number(await written("out"));
    expect(await readStat(pid)).toBeDefined();
    agent.kill("SIGKILL");
    expect(await isGone(pid)).toBe(true);
  });
});

/** Waits for the end of a process that has been told to end. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 500; tries++) {
    const stat = await readStat(pid);
    if (stat === undefined || stat.zombie) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
