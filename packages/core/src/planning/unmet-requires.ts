import type { Action, Facts } from "@steward/contracts/actions";
import { asExample } from "./match-instruction.ts";

export interface Unmet {
  /** Of the first step that cannot work yet. */
  step: number;
  message: string;
  next: string[];
}

/** More names than this make a sentence that nobody reads. */
const maxNames = 3;

/**
 * What an action needs to have been set up before it, and a target lacks: by what the appliance last said of itself,
 * unless an earlier step of the same plan provides it. An appliance that has said nothing yet is given the benefit of the
 * doubt: its playbook looks for itself.
 */
export function unmetRequires(
  steps: readonly { action: string }[],
  actions: readonly Action[],
  targets: readonly { id: string; name?: string; facts: Facts }[],
): Unmet | undefined {
  const provided = new Set<string>();
  for (const [at, step] of steps.entries()) {
    const action = actions.find((one) => one.id === step.action);
    for (const id of action?.requires ?? []) {
      if (provided.has(id)) continue;
      const lacking = targets.filter(({ facts }) => facts.setups !== undefined && !facts.setups.includes(id));
      if (lacking.length === 0) continue;
      const first = actions.find((one) => one.id === id);
      const [example] = first?.examples ?? [];
      return {
        step: at,
        message:
          `"${action?.title}" (${step.action}) needs "${first?.title ?? id}" (${id}) first, ` +
          `which ${namesOf(lacking)} ${lacking.length === 1 ? "does" : "do"} not have.`,
        next: [
          `Run ${id} there first, or make it an earlier step of the same plan.`,
          ...(example === undefined ? [] : [asExample(example)]),
        ],
      };
    }
    provided.add(step.action);
  }
  return undefined;
}

function namesOf(targets: readonly { id: string; name?: string }[]): string {
  const names = targets.slice(0, maxNames).map(({ id, name }) => name ?? id);
  const others = targets.length - names.length;
  return others === 0 ? names.join(", ") : `${names.join(", ")} and ${others} more`;
}
