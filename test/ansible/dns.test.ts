import { afterAll, beforeAll, expect, test } from "vitest";
import { diskUsage } from "../../packages/catalogue/src/actions/disk.ts";
import { dnsRecordAdd, dnsRecordRemove, dnsServerSetup } from "../../packages/catalogue/src/actions/dns.ts";
import { serviceRestart } from "../../packages/catalogue/src/actions/service.ts";
import { systemFacts, systemPing } from "../../packages/catalogue/src/actions/system.ts";
import { usersList } from "../../packages/catalogue/src/actions/users.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { isRunning, proveState, snapshot } from "./prove-state.ts";

describeWithSandbox("names, services and reads on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("dns.server.setup serves a domain", async () => {
    await proveState(appliance, dnsServerSetup, { domain: "home.example" }, async () => {
      expect(await appliance.inside("dnsmasq --test 2>&1")).toContain("syntax check OK");
      expect(await isRunning(appliance, "dnsmasq")).toBe(true);
      expect(await appliance.inside("ls /etc/rc2.d")).toMatch(/S\d\ddnsmasq/);
      expect(await appliance.executor.facts()).toMatchObject({
        domains: ["home.example"],
        setups: ["dns.server.setup"],
      });
    });
    expect(await isRunning(appliance, "dnsmasq")).toBe(false);
  });

  test("dns.record.add and dns.record.remove need the server; a name resolves between them, and what serves it restarts", async () => {
    const early = await appliance.run(dnsRecordAdd, { name: "nas", type: "A", value: "192.168.1.5" });
    expect(early.reason).toContain("run dns.server.setup first");

    await appliance.run(dnsServerSetup, { domain: "home.example" }, { runId: "run-dns" });
    await proveState(appliance, dnsRecordAdd, { name: "nas", type: "A", value: "192.168.1.5", ttl: 300 }, async () => {
      expect(await appliance.inside("getent hosts nas.home.example")).toMatch(/^192\.168\.1\.5\s/);
    });
    await expect(appliance.inside("getent hosts nas.home.example")).rejects.toThrow();

    for (const name of ["login.bank.example", "nothome.example", "example.org"]) {
      const foreign = await appliance.run(dnsRecordAdd, { name, type: "A", value: "192.168.1.5" }, { mode: "check" });
      expect(foreign.reason, name).toContain(`${name} is not below home.example`);
    }

    const records = [
      { name: "nas", type: "A", value: "192.168.1.5" },
      { name: "files", type: "CNAME", value: "nas" },
      { name: "nas6.home.example", type: "AAAA", value: "fd00::5" },
      { name: "home.example", type: "MX", value: "10 mail.home.example" },
      { name: "note", type: "TXT", value: "v=spf1 -all" },
    ];
    for (const [index, record] of records.entries()) {
      const outcome = await appliance.run(dnsRecordAdd, record, { runId: "run-records", stepIndex: index });
      expect(outcome, outcome.output).toMatchObject({ status: "succeeded" });
    }
    expect(await appliance.inside("getent hosts files.home.example")).toContain("192.168.1.5");
    expect(await appliance.inside("getent hosts nas6.home.example")).toContain("fd00::5");

    // Another value for a name replaces it, and the undo brings the former one back.
    await appliance.run(dnsRecordAdd, { name: "nas", type: "A", value: "192.168.1.6" }, { runId: "run-moved" });
    expect(await appliance.inside("getent hosts nas.home.example")).toContain("192.168.1.6");
    await appliance.run(
      dnsRecordAdd,
      { name: "nas", type: "A", value: "192.168.1.6" },
      { runId: "run-moved", mode: "undo" },
    );
    expect(await appliance.inside("getent hosts nas.home.example")).toContain("192.168.1.5");

    // Removing one takes that type away and no other, and its undo brings back what it had.
    await appliance.run(dnsRecordAdd, { name: "nas", type: "AAAA", value: "fd00::6", ttl: 300 }, { runId: "run-six" });
    const all = "getent ahosts nas.home.example";
    await proveState(appliance, dnsRecordRemove, { name: "nas", type: "A" }, async () => {
      expect(await appliance.inside("dnsmasq --test 2>&1")).toContain("syntax check OK");
      expect(await appliance.inside(all)).not.toContain("192.168.1.5");
      expect(await appliance.inside(all)).toContain("fd00::6");
    });
    expect(await appliance.inside(all)).toContain("192.168.1.5");

    const before = await appliance.inside("pgrep -x dnsmasq");
    expect(await appliance.run(serviceRestart, { service: "dnsmasq" })).toMatchObject({
      status: "succeeded",
      changed: 1,
    });
    expect(await appliance.inside("pgrep -x dnsmasq")).not.toBe(before);
    const unknown = await appliance.run(serviceRestart, { service: "nosuch" });
    expect(unknown.reason).toContain("There is no service nosuch here");

    // The set-up's undo leaves the names alone: they are other steps'.
    await appliance.run(dnsServerSetup, { domain: "home.example" }, { runId: "run-dns", mode: "undo" });
    expect((await appliance.inside("ls /etc/dnsmasq.d")).split("\n")).toContain("steward-mx-home.example.conf");
    await appliance.inside("rm /etc/dnsmasq.d/steward-*");
    expect(await appliance.inside("ls /etc/dnsmasq.d")).toBe("README\n");
  });

  test("reads report and change nothing", async () => {
    const before = await snapshot(appliance);
    const disks = await appliance.run(diskUsage, {});
    expect(disks).toMatchObject({
      status: "succeeded",
      changed: 0,
      result: {
        disks: expect.arrayContaining([expect.objectContaining({ mount: "/", usedPercent: expect.any(Number) })]),
      },
    });
    expect(await appliance.run(systemPing, {})).toMatchObject({ changed: 0, result: { answer: "pong" } });
    expect(await appliance.run(systemFacts, {})).toMatchObject({
      changed: 0,
      result: { hostname: "test-appliance", processors: expect.any(Number) },
    });
    for (const action of [diskUsage, systemPing, systemFacts, usersList]) {
      expect(await appliance.run(action, {}, { mode: "check" })).toMatchObject({ status: "succeeded", changed: 0 });
    }
    expect(await snapshot(appliance)).toBe(before);
  });
});
