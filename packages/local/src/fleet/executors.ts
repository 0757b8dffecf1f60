import { join } from "node:path";
import { createAnsibleExecutor } from "@steward/agent/executor/ansible-executor";
import type { Executor } from "@steward/agent/executor/executor";
import { sandboxPlace } from "@steward/agent/executor/sandbox-place";
import { findSandboxRoot } from "@steward/agent/executor/sandbox-root";
import { createSimulateExecutor, plausibleFacts } from "@steward/agent/executor/simulate-executor";
import { AppError } from "@steward/contracts/errors";
import type { FleetPlan } from "./plan.ts";

/** What runs the playbooks of each appliance. */
export async function createFleetExecutors(
  choice: FleetPlan["executor"],
  directory: string,
): Promise<{ create: (name: string) => Promise<Executor> }> {
  if (choice.kind === "simulate") return { create: async (name) => createSimulateExecutor({ facts: plausibleFacts(name) }) };
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

export type ExecutorChoice =
  | { executor: FleetPlan["executor"]; why: string }
  /** The one that was asked for cannot run here. */
  | { impossible: string; next: string };

/** `auto` takes real runs where they are possible, and says how to get there where they are not. */
export async function chooseExecutor(
  wanted: "auto" | "ansible" | "simulate",
  sandboxDir: string,
): Promise<ExecutorChoice> {
  if (wanted === "simulate") return { executor: { kind: "simulate" }, why: "as asked for" };
  const found = await findSandboxRoot(sandboxDir);
  if (found.usable) return { executor: { kind: "ansible", sandboxDir }, why: `Ansible ${found.root.ansible} in sandboxes` };
  if (wanted === "ansible") return { impossible: found.reason, next: found.next };
  return { executor: { kind: "simulate" }, why: `${found.reason}. ${found.next}` };
}
