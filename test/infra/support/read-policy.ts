/** A statement of a policy as a template has it. */
export interface Statement {
  Sid?: string;
  Effect: string;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: unknown;
  Principal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** The statements of all these resources' policies. */
export function statementsIn(
  resources: Record<string, { Properties?: Record<string, unknown> }>,
  property = "PolicyDocument",
): Statement[] {
  return Object.values(resources).flatMap(
    ({ Properties = {} }) => (Properties[property] as { Statement: Statement[] }).Statement,
  );
}

/** Whether the statement speaks of the action on the resource, whatever it says of it. Conditions are left out. */
export function covers(
  { Action, NotAction, Resource }: Statement,
  { action, resource }: { action: string; resource: string },
) {
  const speaks =
    NotAction === undefined
      ? [Action].flat().some((pattern) => matches(pattern ?? "", action))
      : ![NotAction].flat().some((pattern) => matches(pattern, action));
  return speaks && [Resource].flat().some((pattern) => typeof pattern === "string" && matches(pattern, resource));
}

/** Whether the statements let the action through, were every condition met. */
export function allows(statements: readonly Statement[], wanted: { action: string; resource: string }): boolean {
  const speaking = statements.filter((statement) => covers(statement, wanted));
  return speaking.some(({ Effect }) => Effect === "Allow") && !speaking.some(({ Effect }) => Effect === "Deny");
}

/** As IAM reads a `*`. A wildcard in the text is one more character, so a wider right than the pattern's is not matched. */
function matches(pattern: string, text: string): boolean {
  const source = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${source.join(".*")}$`, "s").test(text);
}
