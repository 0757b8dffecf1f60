import type { Action, Variables } from "@steward/contracts/actions";
import { expect } from "vitest";
import type { TestAppliance } from "../support/appliance.ts";

/** Everything that a plan may touch: accounts, configuration, homes and data, and what starts at boot. */
const watched =
  "/etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid /etc/subgid /etc/samba /etc/dnsmasq.d /etc/postfix /etc/dovecot /var/mail /etc/rc2.d /home /srv " +
  "/etc/ssl /usr/local/share/ca-certificates /etc/sudoers.d /etc/nftables*";

/** Names, kinds, owners, modes, links and contents of all that is watched. */
export function snapshot(appliance: TestAppliance): Promise<string> {
  return appliance.inside(
    `find ${watched} -printf '%p %y %U %G %m %l\\n' | sort; find ${watched} -type f | sort | xargs sha256sum`,
  );
}

/** Whether a process of that name runs. */
export async function isRunning(appliance: TestAppliance, name: string): Promise<boolean> {
  return (await appliance.inside(`pgrep -x ${name} || true`)) !== "";
}

/** What every `state` action promises, around what it does. Leaves the appliance as it was. */
export async function proveState(
  appliance: TestAppliance,
  action: Action,
  variables: Variables,
  whenDone: () => Promise<void>,
  options: { secrets?: Record<string, string> } = {},
): Promise<void> {
  const before = await snapshot(appliance);
  const preview = await appliance.run(action, variables, { ...options, mode: "check" });
  expect(preview, preview.output).toMatchObject({ status: "succeeded", failedTasks: 0 });
  expect(preview.changed, "a preview says what would change").toBeGreaterThan(0);
  expect(await snapshot(appliance), "a preview changes nothing").toBe(before);

  const first = await appliance.run(action, variables, { ...options, runId: "run-first" });
  expect(first, first.output).toMatchObject({ status: "succeeded" });
  expect(first.changed).toBeGreaterThan(0);
  await whenDone();
  const after = await snapshot(appliance);

  const second = await appliance.run(action, variables, { ...options, runId: "run-second" });
  expect(second, second.output).toMatchObject({ status: "succeeded", changed: 0 });
  expect(await snapshot(appliance)).toBe(after);

  // The second run changed nothing, so its undo has nothing to take back.
  const idle = await appliance.run(action, variables, { runId: "run-second", mode: "undo" });
  expect(idle, idle.output).toMatchObject({ status: "succeeded" });
  expect(await snapshot(appliance), "the undo of a run that changed nothing").toBe(after);

  const undo = await appliance.run(action, variables, { runId: "run-first", mode: "undo" });
  expect(undo, undo.output).toMatchObject({ status: "succeeded" });
  expect(await snapshot(appliance), "an undo restores what was there").toBe(before);

  const again = await appliance.run(action, variables, { runId: "run-first", mode: "undo" });
  expect(again, again.output).toMatchObject({ status: "succeeded", changed: 0 });
}
