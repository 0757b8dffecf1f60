import type { Statement } from "@steward/contracts/policy";
import type { InfraRun, Registered } from "./run-infra.ts";

/** All resources of a type, `lambda/function:Function`. */
export function all({ registered }: InfraRun, type: string): Registered[] {
  return registered.filter((resource) => resource.type === `aws:${type}` || resource.type === type);
}

/** What the one resource of a type was given, of those whose inputs have these values. */
export function one(run: InfraRun, type: string, having: Record<string, unknown> = {}): Record<string, unknown> {
  const [found, ...others] = all(run, type).filter(({ inputs }) =>
    Object.entries(having).every(([name, value]) => inputs[name] === value),
  );
  if (found === undefined || others.length > 0) {
    throw new Error(`${found === undefined ? "no" : "more than one"} ${type} has ${JSON.stringify(having)}`);
  }
  return found.inputs;
}

/** What the role's own policy lets it do, as contracts write it. Throws on anything but an allow. */
export function statementsOf(role: Record<string, unknown>): Statement[] {
  const [policy, ...others] = role["inlinePolicies"] as { policy: string }[];
  if (policy === undefined || others.length > 0) throw new Error("a role has exactly one policy of its own");
  const statements: PulumiStatement[] = JSON.parse(policy.policy).Statement;
  return statements.map(({ effect, actions, resources, conditions = [] }) => {
    if ((effect ?? "Allow") !== "Allow") throw new Error(`${effect} is no allow`);
    const tests: NonNullable<Statement["conditions"]> = {};
    for (const { test, variable, values } of conditions) {
      tests[test] = { ...tests[test], [variable]: values.length === 1 ? (values[0] ?? "") : values };
    }
    return { actions, resources, ...(conditions.length === 0 ? {} : { conditions: tests }) };
  });
}

interface PulumiStatement {
  effect?: string;
  actions: string[];
  resources: string[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

/** The values as texts in one order, to compare lists whose order says nothing. */
export function inOrder(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value)).toSorted();
}
