import { afterAll, beforeAll, expect, test } from "vitest";
import { sambaServerSetup, sambaShareAdd } from "../../packages/catalogue/src/actions/samba.ts";
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

    // The list is not what the set-up left, so it stays for the one who changed it.
    await appliance.inside("rm -rf /srv/samba/music");
    await appliance.run(sambaShareAdd, { share: "films", readOnly: true }, { runId: "run-films", mode: "undo" });
    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-samba", mode: "undo" });
    expect(await appliance.inside("ls /etc/samba")).toBe("gdbcommands\nsmb.conf\ntls\n");
    await appliance.inside("userdel -r john 2>/dev/null");
  });

  test("a share whose path is a link into the system is refused", async () => {
    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-links" });
    await appliance.inside("ln -s /etc /srv/innocent");
    const outcome = await appliance.run(sambaShareAdd, { share: "innocent", path: "/srv/innocent" });
    expect(outcome).toMatchObject({ status: "failed" });
    expect(outcome.reason).toContain("/srv/innocent leads to /etc, which belongs to the system");
    await appliance.inside("rm /srv/innocent");
    await appliance.run(sambaServerSetup, { workgroup: "HOME" }, { runId: "run-links", mode: "undo" });
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
