import { redactText } from "@steward/contracts/redact";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dnsServerSetup } from "../../packages/catalogue/src/actions/dns.ts";
import { pkiCaSetup, pkiCertificateIssue, pkiCertificateRenew } from "../../packages/catalogue/src/actions/pki.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { proveState, snapshot } from "./prove-state.ts";

const directory = "/etc/ssl/steward";
const host = "nas.home.example";

/**
 * What a client says that trusts what the machine trusts, about a server that shows the host's certificate: the whole way
 * that a browser goes, over a real connection.
 */
const connect = (name: string) => `
cd ${directory}/hosts/${host}
openssl s_server -accept 127.0.0.1:4433 -naccept 1 -cert cert.pem -key key.pem -quiet >/dev/null 2>&1 &
server=$!
until grep -q ':1151 00000000:0000 0A' /proc/net/tcp; do kill -0 $server || exit 1; sleep 0.05; done
openssl s_client -connect 127.0.0.1:4433 -verify_hostname ${name} -verify_return_error </dev/null 2>&1 | grep -i 'verif' || true
wait $server || true`;

describeWithSandbox("certificates on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("pki.ca.setup makes an authority for the names of this network, and the machine trusts it", async () => {
    const early = await appliance.run(pkiCertificateIssue, { hostname: "nas" });
    expect(early.reason).toContain("run pki.ca.setup first");
    // A preview of a plan that sets it up in a step before has to go on.
    expect(await appliance.run(pkiCertificateIssue, { hostname: "nas" }, { mode: "check" })).toMatchObject({
      status: "succeeded",
    });

    await proveState(appliance, pkiCaSetup, {}, async () => {
      expect(await appliance.inside(`openssl verify ${directory}/ca.crt`)).toContain("OK");
      expect(await appliance.inside(`stat -c '%U %a' ${directory}/ca ${directory}/ca/ca.key`)).toBe(
        "root 700\nroot 600\n",
      );
      const text = await appliance.inside(`openssl x509 -in ${directory}/ca.crt -noout -text`);
      expect(text).toMatch(/Name Constraints: critical\s+Permitted:\s+DNS:test-appliance\s+DNS:home\.arpa/);
      expect(text).toContain("CA:TRUE, pathlen:0");
      expect(await appliance.executor.facts()).toMatchObject({ setups: ["pki.ca.setup"] });
    });
  });

  test("pki.certificate.issue makes a certificate that a TLS client verifies", async () => {
    await appliance.run(pkiCaSetup, {}, { runId: "run-ca" });
    const foreign = await appliance.run(pkiCertificateIssue, { hostname: host });
    expect(foreign.reason).toContain("may not sign nas.home.example");

    // The authority learns of the domain that is served, keeps its key, and what it signed before stays good.
    await appliance.run(pkiCertificateIssue, { hostname: "old.lan" }, { runId: "run-old" });
    const key = await appliance.inside(`sha256sum ${directory}/ca/ca.key`);
    await appliance.run(dnsServerSetup, { domain: "home.example" }, { runId: "run-dns" });
    const extended = await appliance.run(pkiCaSetup, {}, { runId: "run-domain" });
    // What other machines have to trust comes with the outcome, as it is; it is nobody's secret.
    const certificate = (await appliance.inside(`cat ${directory}/ca.crt`)).trimEnd();
    expect(extended, extended.output).toMatchObject({ status: "succeeded", result: { certificate } });
    expect(redactText(certificate)).toBe(certificate);
    expect(await appliance.inside(`sha256sum ${directory}/ca/ca.key`)).toBe(key);
    const old = `openssl verify -verify_hostname old.lan ${directory}/hosts/old.lan/cert.pem`;
    expect(await appliance.inside(old)).toContain("OK");

    await proveState(appliance, pkiCertificateIssue, { hostname: "nas", days: 90 }, async () => {
      expect(await appliance.inside(`cd ${directory}/hosts/${host}; stat -Lc '%U %a' key.pem cert.pem`)).toBe(
        "root 600\nroot 644\n",
      );
      const shown = await appliance.inside(
        `openssl x509 -in ${directory}/hosts/${host}/cert.pem -noout -ext subjectAltName -checkend $((89 * 86400))`,
      );
      expect(shown).toContain(`DNS:${host}`);
      expect(shown).toContain("will not expire");
      expect(await appliance.inside(connect(host))).toContain("Verify return code: 0 (ok)");
      expect(await appliance.inside(connect("other.home.example"))).toContain("verify error");
      const told = await appliance.inside(`openssl x509 -in ${directory}/hosts/${host}/cert.pem -noout -enddate`);
      const ends = new Date(told.replace("notAfter=", ""));
      expect((ends.getTime() - Date.now()) / 86_400_000).toBeCloseTo(90, 1);
      expect((await appliance.executor.facts()).certificates).toMatchObject({
        [host]: ends.toISOString().slice(0, 10),
      });
    });
  });

  test("pki.certificate.renew puts a new one in force when it has proved good, and an undo brings the former back", async () => {
    const none = await appliance.run(pkiCertificateRenew, { hostname: "printer" });
    expect(none.reason).toContain("There is no certificate of printer.home.example here");
    await appliance.run(pkiCertificateIssue, { hostname: "nas", days: 90 }, { runId: "run-issue" });
    const before = await snapshot(appliance);
    const serial = `openssl x509 -in ${directory}/hosts/${host}/cert.pem -noout -serial`;
    const first = await appliance.inside(serial);
    const preview = await appliance.run(pkiCertificateRenew, { hostname: host }, { mode: "check" });
    expect(preview, preview.output).toMatchObject({ status: "succeeded" });
    expect(preview.changed).toBeGreaterThan(0);
    expect(await snapshot(appliance)).toBe(before);

    const renewed = await appliance.run(pkiCertificateRenew, { hostname: host }, { runId: "run-renew" });
    expect(renewed, renewed.output).toMatchObject({ status: "succeeded" });
    expect(renewed.output).not.toContain("PRIVATE KEY");
    const second = await appliance.inside(serial);
    expect(second).not.toBe(first);
    expect(await appliance.inside(connect(host))).toContain("Verify return code: 0 (ok)");
    // The same step once more, as after a lost reply.
    expect(await appliance.run(pkiCertificateRenew, { hostname: host }, { runId: "run-renew" })).toMatchObject({
      changed: 0,
    });

    // One that does not verify never gets into force: these settings claim a name that the authority's certificate does not
    // allow, so a signature is made, and nobody would take it.
    await appliance.inside(
      `cp -p ${directory}/ca/ca.cnf /root; echo 'permitted;DNS.99 = bank.example' >> ${directory}/ca/ca.cnf`,
    );
    const forged = await appliance.run(pkiCertificateIssue, { hostname: "www.bank.example" }, { runId: "run-forged" });
    expect(forged.reason).toContain("Hold it against the authority before it counts");
    expect(forged.output).toContain("permitted subtree violation");
    expect(await appliance.inside(`ls ${directory}/hosts`)).not.toContain("bank");
    await appliance.run(pkiCertificateIssue, { hostname: "www.bank.example" }, { runId: "run-forged", mode: "undo" });
    await appliance.inside(`mv /root/ca.cnf ${directory}/ca/`);
    // Nor does one of an authority whose key is not its own any more; the former one goes on.
    await appliance.inside(
      `cd ${directory}/ca; cp -p ca.key kept; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key 2>/dev/null`,
    );
    const bad = await appliance.run(pkiCertificateRenew, { hostname: host }, { runId: "run-bad" });
    expect(bad).toMatchObject({ status: "failed" });
    expect(await appliance.inside(serial)).toBe(second);
    await appliance.run(pkiCertificateRenew, { hostname: host }, { runId: "run-bad", mode: "undo" });
    await appliance.inside(`cd ${directory}/ca; mv kept ca.key`);

    // What the authority has signed is in use: it stays.
    const kept = await appliance.run(pkiCaSetup, {}, { runId: "run-ca", mode: "undo" });
    expect(kept.output).toContain("is left alone");
    await appliance.run(pkiCertificateRenew, { hostname: host }, { runId: "run-renew", mode: "undo" });
    expect(await snapshot(appliance)).toBe(before);
    expect(await appliance.inside(serial)).toBe(first);
  });
});
