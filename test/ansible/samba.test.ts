import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  sambaPasswordReset,
  sambaServerSetup,
  sambaShareAdd,
  sambaShareRemove,
} from "../../packages/catalogue/src/actions/samba.ts";
import { usersAdd } from "../../packages/catalogue/src/actions/users.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { isRunning, proveState } from "./prove-state.ts";

describeWithSandbox("shares on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("samba.server.setup and samba.share.add serve files", async () => {
    await proveState(appliance, sambaServerSetup, { workgroup: "HOME" }, async () => {
      expect(await appliance.inside("testparm -s 2>/dev/null")).toContain("workgroup = HOME");
      expect(await isRunning(appliance, "smbd")).toBe(true);
    });
    expect(await isRunning(appliance, "smbd")).toBe(false);

    const early = await appliance.run(sambaShareAdd, { share: "photos" });
    expect(early.reason).toContain("run samba.server.setup first");

    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-samba" });
    await appliance.inside("useradd -m john");
    const nobody = await appliance.run(sambaShareAdd, { share: "photos", users: ["ghost"] });
    expect(nobody.reason).toContain("There is no user ghost here");
    await proveState(
      appliance,
      sambaShareAdd,
      { share: "photos", path: "/srv/samba/photos", users: ["john"] },
      async () => {
        const parameters = await appliance.inside("testparm -s --section-name=photos 2>/dev/null");
        expect(parameters).toContain("path = /srv/samba/photos");
        expect(parameters).toContain("valid users = john");
        expect(parameters).toContain("read only = No");
        expect(await appliance.inside("stat -c '%G %a' /srv/samba/photos")).toBe("sambashare 2770\n");
        expect((await appliance.executor.facts()).shares).toEqual(["photos"]);
      },
    );

    // A directory with somebody's files outlives the undo; two shares do not get into each other's way.
    await appliance.run(sambaShareAdd, { share: "music" }, { runId: "run-music" });
    await appliance.run(sambaShareAdd, { share: "films", readOnly: true }, { runId: "run-films" });
    await appliance.inside("echo la > /srv/samba/music/song");
    await appliance.run(sambaShareAdd, { share: "music" }, { runId: "run-music", mode: "undo" });
    expect(await appliance.inside("cat /srv/samba/music/song")).toBe("la\n");
    const shares = await appliance.inside("testparm -s 2>/dev/null");
    expect(shares).not.toContain("[music]");
    expect(shares).toContain("[films]");

    await appliance.inside("ln -s /etc /srv/innocent");
    const innocent = await appliance.run(sambaShareAdd, { share: "innocent", path: "/srv/innocent" });
    expect(innocent).toMatchObject({ status: "failed" });
    expect(innocent.reason).toContain("/srv/innocent leads to /etc, which belongs to the system");

    await appliance.inside("rm -rf /srv/samba/music /srv/innocent");
    await appliance.run(sambaShareAdd, { share: "films", readOnly: true }, { runId: "run-films", mode: "undo" });
    // The list is not what the set-up left, so it stays for the one who changed it.
    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-samba", mode: "undo" });
    expect(await appliance.inside("ls /etc/samba")).toBe("gdbcommands\nsmb.conf\ntls\n");
    await appliance.inside("userdel -r john 2>/dev/null");
  });

  test("files go over the network with a password that was reset, and only for whom the share is for", async () => {
    await appliance.inside(
      "useradd -m john; useradd -m anna; mkdir -p /srv/samba/films; echo reel > /srv/samba/films/film",
    );
    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-samba" });
    await appliance.run(sambaShareAdd, { share: "photos", users: ["john"] }, { runId: "run-photos" });
    await appliance.run(sambaShareAdd, { share: "films", readOnly: true }, { runId: "run-films" });

    // `smbclient` as on somebody's computer: what it says, whether or not it worked.
    const use = (share: string, user: string, password: string, commands: string) =>
      appliance.inside(
        `cd /tmp; smbclient //127.0.0.1/${share} -U '${user}%${password}' -c '${commands}' 2>&1 || true`,
      );
    const reset = (username: string, password: string, runId: string, mode: "apply" | "check" | "undo" = "apply") => {
      const secrets = mode === "undo" ? {} : { secrets: { password } };
      return appliance.run(sambaPasswordReset, { username }, { runId, mode, ...secrets });
    };
    const secret = () => randomBytes(18).toString("base64");
    const entries = "pdbedit -L -w | sort";
    const [first, second, annas] = [secret(), secret(), secret()];

    expect((await reset("ghost", first, "run-ghost")).reason).toContain("There is no user ghost here");
    const none = await appliance.inside(entries);
    expect(none).toBe("");
    const preview = await reset("john", first, "run-check", "check");
    expect(preview, preview.output).toMatchObject({ status: "succeeded", changed: 1 });
    expect(preview.secrets).toBeUndefined();
    expect(await appliance.inside(entries)).toBe(none);

    const done = await reset("john", first, "run-first");
    expect(done, done.output).toMatchObject({ status: "succeeded", secrets: ["password"] });
    expect(done.output).not.toContain(first);
    await reset("anna", annas, "run-anna");
    expect(await use("photos", "john", first, "put /etc/hostname upload; get upload back")).toContain("putting file");
    expect(await appliance.inside("cmp /etc/hostname /tmp/back; stat -c '%U %G' /srv/samba/photos/upload")).toBe(
      "john sambashare\n",
    );
    expect(await use("photos", "john", annas, "ls")).toContain("NT_STATUS_LOGON_FAILURE");
    expect(await use("photos", "anna", annas, "ls")).toContain("NT_STATUS_ACCESS_DENIED");
    expect(await use("films", "anna", annas, "get film -")).toContain("reel");
    expect(await use("films", "anna", annas, "put /etc/hostname upload")).toContain("NT_STATUS_ACCESS_DENIED");

    // Another one, and back: what Samba keeps is what it was.
    const before = await appliance.inside(entries);
    await reset("john", second, "run-second");
    expect(await use("photos", "john", first, "ls")).toContain("NT_STATUS_LOGON_FAILURE");
    expect(await use("photos", "john", second, "ls")).toContain("upload");
    // Its owner has changed it since the first reset: that one's undo leaves it alone.
    const late = await reset("john", "", "run-first", "undo");
    expect(late.output).toContain("was changed since and is left alone");
    const undone = await reset("john", "", "run-second", "undo");
    expect(undone, undone.output).toMatchObject({ status: "succeeded" });
    expect(await appliance.inside(entries)).toBe(before);
    expect(await use("photos", "john", first, "ls")).toContain("upload");

    await proveState(appliance, sambaShareRemove, { share: "photos" }, async () => {
      expect(await appliance.inside("testparm -s 2>/dev/null")).not.toContain("[photos]");
      expect(await use("photos", "john", first, "ls")).toContain("NT_STATUS_BAD_NETWORK_NAME");
      expect(await use("films", "anna", annas, "ls")).toContain("film");
      expect(await appliance.inside("ls /srv/samba/photos")).toBe("upload\n");
    });
    expect(await use("photos", "john", first, "ls")).toContain("upload");

    // Who had none has none again.
    await reset("anna", "", "run-anna", "undo");
    expect(await appliance.inside(entries)).not.toContain("anna");
  });

  test("values are text to Ansible, whatever they hold", async () => {
    // The schemas refuse such values; this is what would happen if one slipped through.
    const trap = "{{ lookup('pipe', 'touch /tmp/pwned') }}";
    const outcome = await appliance.run(usersAdd, { username: trap });
    expect(outcome.status).toBe("failed");
    const share = await appliance.run(sambaShareAdd, { share: trap, path: trap, users: [trap] });
    expect(share.status).toBe("failed");
    expect(await appliance.inside("ls /tmp")).not.toContain("pwned");
  });
});
