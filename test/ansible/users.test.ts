import { afterAll, beforeAll, expect, test } from "vitest";
import {
  usersAdd,
  usersList,
  usersLock,
  usersPasswordReset,
  usersRemove,
  usersUnlock,
} from "../../packages/catalogue/src/actions/users.ts";
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

  test("an undo takes no key out through a link that was put there since", async () => {
    const others = `mkdir -p /srv/others && echo '${sshKey}' > /srv/others/authorized_keys`;
    const link = "rm -r /home/ron/.ssh && ln -s /srv/others /home/ron/.ssh";
    const add = (mode: "apply" | "undo", runId: string) =>
      appliance.run(usersAdd, { username: "ron", sshKey }, { mode, runId });
    for (const make of ["true", "useradd -m ron"]) {
      await appliance.inside(`${make}; ${others}`);
      const done = await add("apply", `run-${make.length}`);
      expect(done, done.output).toMatchObject({ status: "succeeded" });
      await appliance.inside(link);
      const undo = await add("undo", `run-${make.length}`);
      // An account that the step made goes nevertheless: a link of its owner's does not keep it.
      if (make === "true") expect(undo, undo.output).toMatchObject({ status: "succeeded" });
      else expect(undo.reason).toContain("ron's .ssh is a link now");
      expect(await appliance.inside("cat /srv/others/authorized_keys")).toBe(`${sshKey}\n`);
    }
    await appliance.inside("userdel -r ron 2>/dev/null; rm -rf /srv/others /home/.steward-*");
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
      "useradd -m -G audio anna && echo diary > /home/anna/diary && echo anna:secret | chpasswd && useradd -m zoe && echo 'anna ALL=(ALL) ALL' > /etc/sudoers.d/anna && chmod 440 /etc/sudoers.d/anna",
    );
    await proveState(appliance, usersRemove, { username: "anna" }, async () => {
      await expect(appliance.inside("getent passwd anna")).rejects.toThrow();
      await expect(appliance.inside("ls /home/anna")).rejects.toThrow();
      // Whoever is called anna next is no administrator.
      await expect(appliance.inside("ls /etc/sudoers.d/anna")).rejects.toThrow();
    });
    expect(await appliance.inside("cat /home/anna/diary; id -nG anna")).toBe("diary\nanna audio\n");
    await proveState(appliance, usersRemove, { username: "anna", keepHome: true }, async () => {
      expect(await appliance.inside("cat /home/anna/diary")).toBe("diary\n");
    });
    await appliance.inside("rm /etc/sudoers.d/anna; userdel -r anna 2>/dev/null; userdel -r zoe 2>/dev/null");
  });

  test("an undo leaves somebody removed whose number another one has got since", async () => {
    await appliance.inside("useradd -m -u 1300 ute");
    await appliance.run(usersRemove, { username: "ute" }, { runId: "run-ute" });
    const undo = () => appliance.run(usersRemove, { username: "ute" }, { runId: "run-ute", mode: "undo" });
    for (const [make, take] of [
      ["useradd -u 1300 -N kai", "userdel kai"],
      ["groupadd -g 1300 club", "groupdel club"],
    ]) {
      await appliance.inside(String(make));
      expect((await undo()).reason, make).toContain("The number that ute had belongs to somebody else now");
      await expect(appliance.inside("getent passwd ute")).rejects.toThrow();
      await appliance.inside(String(take));
    }
    expect(await undo()).toMatchObject({ status: "succeeded" });
    expect(await appliance.inside("stat -c %U /home/ute")).toBe("ute\n");
    await appliance.inside("userdel -r ute 2>/dev/null");
  });

  test("users.lock keeps out passwords and keys, and users.unlock lets in again", async () => {
    await appliance.inside("useradd -m lea && echo lea:first | chpasswd && useradd -m kim && chage -E 2999-01-01 kim");
    const expiry = (name: string) => appliance.inside(`getent shadow ${name} | cut -d: -f8`);
    await proveState(appliance, usersLock, { username: "lea" }, async () => {
      expect(await appliance.inside("passwd -S lea")).toMatch(/^lea L /);
      expect(await appliance.inside("LC_ALL=C chage -l lea")).toMatch(/Account expires\s*: Jan 02, 1970/);
      const { result } = await appliance.run(usersList, {});
      expect(result).toMatchObject({
        users: [
          { username: "kim", locked: false },
          { username: "lea", locked: true },
        ],
      });
      const reset = await appliance.run(usersPasswordReset, { username: "lea" }, { secrets: { password: "x" } });
      expect(reset.reason).toContain("lea is locked; run users.unlock first");
    });
    await appliance.inside("usermod -L -e 1 lea; usermod -L kim");
    const locked = await snapshot(appliance);
    const unlock = await appliance.run(usersUnlock, { username: "lea" }, { runId: "run-unlock" });
    expect(unlock, unlock.output).toMatchObject({ status: "succeeded", changed: 1 });
    expect(await appliance.inside("passwd -S lea")).toMatch(/^lea P /);
    expect(await expiry("lea")).toBe("\n");
    expect(await appliance.run(usersUnlock, { username: "lea" })).toMatchObject({ status: "succeeded", changed: 0 });
    await appliance.run(usersUnlock, { username: "lea" }, { runId: "run-unlock", mode: "undo" });
    expect(await snapshot(appliance)).toBe(locked);
    // Never had a password, and is to go one day: neither is the lock's doing.
    const kim = await appliance.run(usersUnlock, { username: "kim" });
    expect(kim, kim.output).toMatchObject({ status: "succeeded", changed: 0 });
    expect(await expiry("kim")).not.toBe("\n");
    expect((await appliance.run(usersLock, { username: "nobodyhere" })).reason).toContain(
      "There is no user nobodyhere",
    );
    await appliance.inside("userdel -r lea 2>/dev/null; userdel -r kim 2>/dev/null");
  });

  test("users.password.reset sets the password that was made, says so, and undoes it; no output has it", async () => {
    await appliance.inside("useradd -m eva && echo eva:first | chpasswd");
    const secrets = { password: "made-for:this$run" };
    const before = await snapshot(appliance);
    const line = await appliance.inside("getent shadow eva");
    const is = async (password: string) => {
      const check = "import crypt,spwd,sys; h=spwd.getspnam('eva').sp_pwdp; print(crypt.crypt(sys.argv[1], h) == h)";
      return (await appliance.inside(`python3 -W ignore -c "${check}" '${password}'`)).trim() === "True";
    };
    const preview = await appliance.run(usersPasswordReset, { username: "eva" }, { mode: "check", secrets });
    expect(preview, preview.output).toMatchObject({ status: "succeeded", changed: 1 });
    expect(await snapshot(appliance)).toBe(before);
    const reset = await appliance.run(usersPasswordReset, { username: "eva" }, { runId: "run-eva", secrets });
    expect(reset, reset.output).toMatchObject({ status: "succeeded", secrets: ["password"] });
    expect([await is("first"), await is(secrets.password)]).toEqual([false, true]);
    const undo = await appliance.run(usersPasswordReset, { username: "eva" }, { runId: "run-eva", mode: "undo" });
    expect(undo, undo.output).toMatchObject({ status: "succeeded" });
    expect(await appliance.inside("getent shadow eva")).toBe(line);
    expect(await is("first")).toBe(true);
    for (const { output } of [preview, reset, undo]) {
      expect(output).not.toContain(secrets.password);
      expect(output).not.toContain(line.split(":")[1]);
    }
    // Who has chosen another one since keeps it.
    await appliance.run(usersPasswordReset, { username: "eva" }, { runId: "run-eva-2", secrets });
    await appliance.inside("echo eva:own | chpasswd");
    await appliance.run(usersPasswordReset, { username: "eva" }, { runId: "run-eva-2", mode: "undo" });
    expect(await is("own")).toBe(true);
    await appliance.inside("userdel -r eva 2>/dev/null");
  });

  test("who has an administrator's rights is let in only where the request says so, and a lock by hand stays", async () => {
    await appliance.inside(
      "useradd -m -G users,audio ida && echo ida:first | chpasswd && passwd -l ida && groupadd vault && mkdir -p /etc/sudoers.d",
    );
    const secrets = { password: "made" };
    const unlock = (more = {}) => appliance.run(usersUnlock, { username: "ida", ...more }, { mode: "check" });
    const reset = (more = {}) => appliance.run(usersPasswordReset, { username: "ida", ...more }, { secrets });
    const locked = await snapshot(appliance);
    expect((await reset()).reason).toContain("ida is locked; run users.unlock first");
    expect(await unlock()).toMatchObject({ status: "succeeded", changed: 1 });
    const ways: [make: string, take: string, named: string][] = [
      ["gpasswd -a ida sudo", "gpasswd -d ida sudo", "rights (sudo)"],
      ["usermod -g vault ida", "usermod -g ida ida", "rights (vault)"],
      ["touch /etc/sudoers.d/ida", "rm /etc/sudoers.d/ida", "rights (sudo)"],
      ["printf '# x\n%%audio ALL=(ALL) ALL\n' > /etc/sudoers.d/x", "rm /etc/sudoers.d/x", "rights (sudo)"],
    ];
    for (const [make, take, named] of ways) {
      await appliance.inside(make);
      const { reason } = await unlock();
      expect(reason, make).toContain(named);
      expect(reason).toContain("administrator=true");
      await appliance.inside(take);
    }
    expect(await snapshot(appliance)).toBe(locked);
    await appliance.inside("usermod -U ida; gpasswd -a ida sudo");
    expect((await reset()).reason).toContain("may have an administrator's rights (sudo)");
    expect(await reset({ administrator: true })).toMatchObject({ status: "succeeded", secrets: ["password"] });
    await appliance.inside("userdel -r ida 2>/dev/null; groupdel vault");
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
