import { afterAll, beforeAll, expect, test } from "vitest";
import { firewallPortClose, firewallPortOpen } from "../../packages/catalogue/src/actions/firewall.ts";
import { journalShow } from "../../packages/catalogue/src/actions/journal.ts";
import { packagesUpdate } from "../../packages/catalogue/src/actions/packages.ts";
import { serviceStatus } from "../../packages/catalogue/src/actions/service.ts";
import { shellRun } from "../../packages/catalogue/src/actions/shell.ts";
import { systemReboot } from "../../packages/catalogue/src/actions/system.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { snapshot } from "./prove-state.ts";

describeWithSandbox("a real machine", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  const rules = () => appliance.inside("nft list ruleset");
  const others = "table inet others {\n\tchain input {\n\t\ttcp dport 4000 accept\n\t}\n}\n";

  test("firewall.port.close drops the port and touches nothing of anybody else's", async () => {
    await appliance.inside(`printf '${others}' | nft -f -`);
    // Each of these plays takes seconds, so what `proveState` proves is proved over two actions here.
    const close = { port: 8080, protocol: "tcp" };
    const open = { ...close, source: "192.168.1.0/24" };
    const before = await snapshot(appliance);
    const preview = await appliance.run(firewallPortClose, close, { mode: "check" });
    expect(preview, preview.output).toMatchObject({ status: "succeeded", changed: 3 });
    expect([await snapshot(appliance), await rules()]).toEqual([before, others]);

    const closed = await appliance.run(firewallPortClose, close, { runId: "run-close" });
    expect(closed, closed.output).toMatchObject({ status: "succeeded" });
    expect(await rules()).toContain("tcp dport 8080 drop");
    expect(await rules()).toContain(others);
    // As at the next boot: the main file holds together, and has the table in it.
    await appliance.inside("nft --check --file /etc/nftables.conf");
    const whenClosed = await snapshot(appliance);

    const opened = await appliance.run(firewallPortOpen, open, { runId: "run-open" });
    expect(opened, opened.output).toMatchObject({ status: "succeeded" });
    expect(await rules()).toMatch(/ip saddr 192\.168\.1\.0\/24 tcp dport 8080 accept\n\t\ttcp dport 8080 drop/);
    const again = await appliance.run(firewallPortOpen, open, { runId: "run-again" });
    expect(again, again.output).toMatchObject({ status: "succeeded", changed: 0 });

    await appliance.run(firewallPortOpen, open, { runId: "run-open", mode: "undo" });
    expect(await snapshot(appliance)).toBe(whenClosed);
    expect(await rules()).toMatch(/iif "lo" accept\n\t\ttcp dport 8080 drop/);
    const undo = await appliance.run(firewallPortClose, close, { runId: "run-close", mode: "undo" });
    expect(undo, undo.output).toMatchObject({ status: "succeeded" });
    expect(await snapshot(appliance)).toBe(before);
    expect(await rules()).toBe(others);
  });

  test("a port is not changed over somebody else's head, nor ssh shut where it listens, nor by what nft does not take", async () => {
    const before = await snapshot(appliance);
    await appliance.inside("mkdir -p /etc/ssh && echo 'Port 2222' > /etc/ssh/sshd_config");
    const ssh = await appliance.run(firewallPortClose, { port: 2222, protocol: "tcp" });
    expect(ssh.reason).toContain("ssh listens on port 2222 here");
    await appliance.inside("rm /etc/ssh/sshd_config; mkdir -p /etc/ufw && echo ENABLED=yes > /etc/ufw/ufw.conf");
    const ufw = await appliance.run(firewallPortOpen, { port: 443, protocol: "tcp" });
    expect(ufw.reason).toContain("ufw is in charge of the ports here");
    await appliance.inside("rm /etc/ufw/ufw.conf");
    const wrong = { port: 443, protocol: "tcp", source: "1:2:3:4:5:6:7:8:9" };
    const refused = await appliance.run(firewallPortOpen, wrong, { runId: "run-wrong" });
    expect(refused).toMatchObject({ status: "failed", failedTasks: 1 });
    const undo = await appliance.run(firewallPortOpen, wrong, { runId: "run-wrong", mode: "undo" });
    expect(undo, undo.output).toMatchObject({ status: "succeeded" });
    expect(await snapshot(appliance)).toBe(before);
    expect(await rules()).toBe(others);
  });

  test("service.status says whether a service runs, now and at boot", async () => {
    const stopped = await appliance.run(serviceStatus, { service: "dnsmasq" });
    expect(stopped, stopped.output).toMatchObject({ result: { service: "dnsmasq", running: false, atBoot: false } });
    const none = await appliance.run(serviceStatus, { service: "nosuch" });
    expect(none.reason).toContain("There is no service nosuch here");
  });

  test("packages.update takes security updates alone where it is told so, says so before, and then the rest", async () => {
    await appliance.inside(`set -e; rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
      deb() { mkdir -p /repo/$1/main/binary-all /tmp/$2/DEBIAN
        printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: t <t@t.example>\\nDescription: t\\n' $2 $3 > /tmp/$2/DEBIAN/control
        dpkg-deb -b /tmp/$2 /repo/$1/$2_$3.deb > /dev/null; }
      index() { cd /repo; for file in $1/*.deb; do dpkg-deb -f $file
          printf 'Filename: %s\\nSize: %s\\nSHA256: %s\\n\\n' $file $(stat -c %s $file) $(sha256sum $file | cut -d' ' -f1); done > dists/$1/main/binary-all/Packages
        cd dists/$1; printf 'Origin: Debian\\nLabel: %s\\nSuite: %s\\nCodename: %s\\nArchitectures: all amd64 arm64\\nComponents: main\\nSHA256:\\n %s %s main/binary-all/Packages\\n' \\
          $2 $1 $1 $(sha256sum main/binary-all/Packages | cut -d' ' -f1) $(stat -c %s main/binary-all/Packages) > Release; }
      mkdir -p /repo/dists/stable-security/main/binary-all /repo/dists/stable/main/binary-all /repo/old
      deb old probe-a 1.0; deb old probe-b 1.0; dpkg -i /repo/old/*.deb > /dev/null
      deb stable-security probe-a 1.1; deb stable probe-a 1.2; deb stable probe-b 2.0
      index stable-security Debian-Security; index stable Debian
      echo 'deb [trusted=yes] file:/repo stable-security main' > /etc/apt/sources.list
      echo 'deb [trusted=yes] file:/repo stable main' >> /etc/apt/sources.list
      apt-get -q update > /dev/null 2>&1`);
    const versions = async () =>
      (await appliance.inside("dpkg-query -W -f '${Package} ${Version} ' probe-a probe-b")).trim();
    const preview = await appliance.run(packagesUpdate, { securityOnly: true }, { mode: "check" });
    expect(preview, preview.output).toMatchObject({ status: "succeeded", changed: 1 });
    expect(preview.output).toMatch(/will be upgraded:\s+probe-a\n/);
    expect(preview.output).not.toContain("probe-b");
    expect(await versions()).toBe("probe-a 1.0 probe-b 1.0");

    const security = await appliance.run(packagesUpdate, { securityOnly: true });
    expect(security, security.output).toMatchObject({ status: "succeeded", result: { rebootRequired: false } });
    expect(await versions()).toBe("probe-a 1.1 probe-b 1.0");
    await appliance.inside("touch /run/reboot-required");
    const all = await appliance.run(packagesUpdate, {});
    expect(all, all.output).toMatchObject({ status: "succeeded", result: { rebootRequired: true } });
    expect(await versions()).toBe("probe-a 1.2 probe-b 2.0");
  });

  test("journal.show shows the newest lines, and reports as many as a result holds", async () => {
    // The sandbox has no journal; what counts is how it is asked, and what becomes of a long answer.
    await appliance.inside(
      `printf '#!/bin/sh\\necho "$@" >&2\\ni=0; while [ $i -lt 400 ]; do i=$((i+1)); echo "line $i of a journal {{ 1 }}"; done\\n' > /usr/bin/journalctl && chmod 755 /usr/bin/journalctl`,
    );
    const { result, output, status } = await appliance.run(journalShow, { unit: "smbd", lines: 400 });
    expect(status, output).toBe("succeeded");
    const { unit, lines } = result as { unit: string; lines: string[] };
    expect([unit, lines.at(-1)]).toEqual(["smbd", "line 400 of a journal {{ 1 }}"]);
    expect(JSON.stringify(lines).length).toBeLessThan(5200);
    expect(lines.length).toBeGreaterThan(50);
    expect(output).toContain("line 1 of a journal");
  });

  test("shell.run runs the command as it is listed, and nothing in a preview", async () => {
    const command = `printf '%s|' a "b c" > /root/ran; echo done`;
    const preview = await appliance.run(shellRun, { command }, { mode: "check" });
    expect(preview, preview.output).toMatchObject({ status: "succeeded", changed: 1 });
    await expect(appliance.inside("cat /root/ran")).rejects.toThrow();
    const ran = await appliance.run(shellRun, { command });
    expect(ran, ran.output).toMatchObject({ status: "succeeded", result: { output: "done" } });
    expect(await appliance.inside("cat /root/ran")).toBe("a|b c|");
  });

  test("system.reboot asks for a restart, which gives the machine another boot and keeps what was on it", async () => {
    const { executor } = appliance;
    const preview = await appliance.run(systemReboot, {}, { mode: "check" });
    expect(preview.wantsReboot, preview.output).toBeUndefined();
    const asked = await appliance.run(systemReboot, {});
    expect(asked, asked.output).toMatchObject({ status: "succeeded", changed: 1, wantsReboot: true });
    const before = await executor.boot?.id();
    await appliance.inside("echo kept > /root/kept; echo lost > /run/lost");
    await executor.boot?.restart();
    expect(await executor.boot?.id()).not.toBe(before);
    expect(
      await appliance.inside("cat /root/kept; ls /run/lost 2>/dev/null || cat /proc/sys/kernel/random/boot_id"),
    ).toBe(`kept\n${await executor.boot?.id()}\n`);
  });
});
