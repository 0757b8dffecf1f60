import { afterAll, beforeAll, expect, test } from "vitest";
import { usersAdd, usersList, usersRemove } from "../../packages/catalogue/src/actions/users.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { proveState, snapshot } from "./prove-state.ts";

const sshKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"Gk".repeat(22).slice(0, 43)} test@example`;

describeWithSandbox("users on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("users.add makes an account with groups and a key", async () => {
    await proveState(appliance, usersAdd, { username: "john", groups: ["users", "audio"], sshKey }, async () => {
      expect(await appliance.inside("id -nG john")).toMatch(/^john .*audio/);
      expect(await appliance.inside("cat /home/john/.ssh/authorized_keys")).toBe(`${sshKey}\n`);
      expect(await appliance.inside("stat -c '%U %a' /home/john/.ssh/authorized_keys")).toBe("john 600\n");
      expect((await appliance.executor.facts()).users).toContain("john");
    });
  });

  test("users.add changes an account that was there, and its undo takes away only that", async () => {
    await appliance.inside(
      "useradd -m -s /bin/sh -G audio emma && mkdir /home/emma/.ssh && echo old > /home/emma/.ssh/authorized_keys && chown -R emma: /home/emma/.ssh && chmod 700 /home/emma/.ssh && chmod 600 /home/emma/.ssh/authorized_keys",
    );
    await proveState(appliance, usersAdd, { username: "emma", groups: ["audio", "video"], sshKey }, async () => {
      expect(await appliance.inside("id -nG emma")).toBe("emma audio video\n");
      expect(await appliance.inside("getent passwd emma")).toContain("/bin/sh");
    });
    expect(await appliance.inside("id -nG emma")).toBe("emma audio\n");
    await appliance.inside("userdel -r emma 2>/dev/null");
  });

  test("an undo keeps the files of a user who has begun to work", async () => {
    await appliance.run(usersAdd, { username: "mia" }, { runId: "run-mia" });
    await appliance.inside("echo thesis > /home/mia/thesis.txt");
    const undo = await appliance.run(usersAdd, { username: "mia" }, { runId: "run-mia", mode: "undo" });
    expect(undo.status).toBe("succeeded");
    await expect(appliance.inside("getent passwd mia")).rejects.toThrow();
    expect(await appliance.inside("cat /home/.steward-run-mia-0/mia/thesis.txt")).toBe("thesis\n");
    await appliance.inside("rm -rf /home/.steward-run-mia-0");
  });

  test("an undo leaves an account alone that somebody made since", async () => {
    await appliance.run(usersAdd, { username: "noah" }, { runId: "run-noah" });
    await appliance.inside("userdel -r noah 2>/dev/null; useradd -m -u 1234 noah");
    const undo = await appliance.run(usersAdd, { username: "noah" }, { runId: "run-noah", mode: "undo" });
    expect(undo).toMatchObject({ status: "succeeded", changed: 0 });
    expect(await appliance.inside("id -u noah")).toBe("1234\n");
    await appliance.inside("userdel -r noah 2>/dev/null");
  });

  test("users.add refuses groups that do not exist and accounts of the system", async () => {
    const before = await snapshot(appliance);
    const group = await appliance.run(usersAdd, { username: "john", groups: ["nosuchgroup"] });
    expect(group).toMatchObject({ status: "failed", failedTasks: 1 });
    expect(group.reason).toContain("There is no group nosuchgroup here");
    await appliance.inside("useradd --system backupd");
    const system = await appliance.run(usersAdd, { username: "backupd" });
    expect(system.reason).toContain("is an account of the system");
    await appliance.inside("userdel backupd");
    expect(await snapshot(appliance)).toBe(before);
  });

  test("users.remove takes the account, and its undo brings all of it back", async () => {
    await appliance.inside(
      "useradd -m -G audio anna && echo diary > /home/anna/diary && echo anna:secret | chpasswd && useradd -m zoe",
    );
    await proveState(appliance, usersRemove, { username: "anna" }, async () => {
      await expect(appliance.inside("getent passwd anna")).rejects.toThrow();
      await expect(appliance.inside("ls /home/anna")).rejects.toThrow();
    });
    expect(await appliance.inside("cat /home/anna/diary; id -nG anna")).toBe("diary\nanna audio\n");
    await proveState(appliance, usersRemove, { username: "anna", keepHome: true }, async () => {
      expect(await appliance.inside("cat /home/anna/diary")).toBe("diary\n");
    });
    await appliance.inside("userdel -r anna 2>/dev/null; userdel -r zoe 2>/dev/null");
  });

  test("the hash of a removed user's password is in no output", async () => {
    await appliance.inside("useradd -m anna && echo anna:secret | chpasswd");
    const hash = (await appliance.inside("getent shadow anna")).split(":")[1] ?? "";
    expect(hash.length).toBeGreaterThan(20);
    const outputs = [
      await appliance.run(usersRemove, { username: "anna" }, { mode: "check" }),
      await appliance.run(usersRemove, { username: "anna" }, { runId: "run-hash" }),
      await appliance.run(usersRemove, { username: "anna" }, { runId: "run-hash", mode: "undo" }),
    ];
    for (const { output, status } of outputs) {
      expect(status).toBe("succeeded");
      expect(output).not.toContain(hash);
    }
    await appliance.inside("userdel -r anna 2>/dev/null");
  });

  test("users.list reports people, not system accounts", async () => {
    await appliance.inside("useradd -m -G audio lena");
    const { result } = await appliance.run(usersList, {});
    expect(result).toEqual({
      users: [expect.objectContaining({ username: "lena", home: "/home/lena", groups: ["audio"] })],
    });
    await appliance.inside("userdel -r lena 2>/dev/null");
  });
});
