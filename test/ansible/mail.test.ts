import { afterAll, beforeAll, expect, test } from "vitest";
import { mailServerSetup } from "../../packages/catalogue/src/actions/mail.ts";
import { createAppliance, type TestAppliance } from "../support/appliance.ts";
import { describeWithSandbox, sandboxRoot } from "../support/sandbox.ts";
import { isRunning, proveState } from "./prove-state.ts";

describeWithSandbox("mail on a real appliance", () => {
  let appliance: TestAppliance;
  beforeAll(async () => {
    appliance = await createAppliance(sandboxRoot());
  });
  afterAll(() => appliance.close());

  test("mail.server.setup", async () => {
    const t = Date.now();
    const preview = await appliance.run(mailServerSetup, { domain: "home.example", hostname: "mail.home.example" }, { mode: "check" });
    console.log(preview.output, preview.reason, Date.now() - t);
    const t1 = Date.now();
    const first = await appliance.run(mailServerSetup, { domain: "home.example", hostname: "mail.home.example" }, { runId: "run-x" });
    console.log(first.output, first.reason, Date.now() - t1);
    console.log(await appliance.inside("postconf -n; postfix check; doveconf -n; ss -ltnp; find /etc/postfix/steward /etc/dovecot/steward /var/mail /etc/dovecot/private /var/lib/steward; head -3 /etc/postfix/steward/*").catch((e) => String(e)));
    const t2 = Date.now();
    const second = await appliance.run(mailServerSetup, { domain: "home.example", hostname: "mail.home.example" }, { runId: "run-y" });
    console.log(second.output, second.reason, Date.now() - t2);
    const t3 = Date.now();
    const undo = await appliance.run(mailServerSetup, { domain: "home.example", hostname: "mail.home.example" }, { runId: "run-x", mode: "undo" });
    console.log(undo.output, undo.reason, Date.now() - t3);
    console.log(await isRunning(appliance, "dovecot"));
    void proveState;
  });
});
