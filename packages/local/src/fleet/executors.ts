import { join } from "node:path";
import { createAnsibleExecutor, hostPlace } from "@steward/agent/executor/ansible-executor";
import type { Executor } from "@steward/agent/executor/executor";
import { sandboxPlace } from "@steward/agent/executor/sandbox-place";
import { findSandboxRoot } from "@steward/agent/executor/sandbox-root";
import { createSimulateExecutor, plausibleFacts } from "@steward/agent/executor/simulate-executor";
import { AppError } from "@steward/contracts/errors";
import type { StewardOptions } from "../stack-options.ts";
import type { FleetPlan } from "./plan.ts";

/** What runs the playbooks of each appliance. */
export async function createFleetExecutors(
  choice: FleetPlan["executor"],
  directory: string,
): Promise<{ create: (name: string) => Promise<Executor> }> {
  if (choice.kind === "simulate")
    return { create: async (name) => createSimulateExecutor({ facts: plausibleFacts(name) }) };
  if (choice.kind === "counting") {
    return { create: async (name) => createCountingExecutor(choice.program, join(directory, name), name) };
  }
  const found = await findSandboxRoot(choice.sandboxDir);
  if (!found.usable) throw new AppError("unavailable", found.reason, { next: found.next });
  const { root } = found;
  return {
    create: async (name) =>
      createAnsibleExecutor({
        place: sandboxPlace({ root, directory: join(directory, name, "sandbox"), hostname: name }),
      }),
  };
}

/** For fault tests: all of the real executor but Ansible, so that what really ran is counted on the appliance's disk. */
function createCountingExecutor(program: string, disk: string, name: string): Executor {
  return createAnsibleExecutor({
    // The facts are invented: those of the machine that runs the tests are nobody's business.
    place: { ...hostPlace(join(disk, "work")), knownFacts: async () => plausibleFacts(name) },
    ansiblePlaybook: [program],
    environment: { STEWARD_DISK: disk },
  });
}

export type ExecutorChoice =
  | { executor: FleetPlan["executor"]; why: string }
  /** The one that was asked for cannot run here. */
  | { impossible: string; next: string };

/** `auto` takes real runs where they are possible, and says how to get there where they are not. */
export async function chooseExecutor(
  wanted: NonNullable<StewardOptions["executor"]>,
  sandboxDir: string,
): Promise<ExecutorChoice> {
  if (typeof wanted === "object") {
    return { executor: { kind: "counting", ...wanted }, why: `${wanted.program} in the place of ansible-playbook` };
  }
  if (wanted === "simulate") return { executor: { kind: "simulate" }, why: "as asked for" };
  const found = await findSandboxRoot(sandboxDir);
  if (found.usable)
    return { executor: { kind: "ansible", sandboxDir }, why: `Ansible ${found.root.ansible} in sandboxes` };
  if (wanted === "ansible") return { impossible: found.reason, next: found.next };
  return { executor: { kind: "simulate" }, why: `${found.reason}. ${found.next}` };
}
