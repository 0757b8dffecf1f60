/**
 * What a variable of the kind `secret` holds: which secret, and which version of it; never a value. A plan, its hash and
 * every record of it can be shown to anybody.
 */
export const secretReferencePattern = /^secret:([a-z][a-z0-9-]{0,39})(?:@([A-Za-z0-9-]{1,64}))?$/;

/** Marks a variable whose value is a reference in the JSON Schema of a release. An agent that does not know it passes it on. */
export const secretMark = "x-secret";

export interface SecretReference {
  name: string;
  version?: string;
}

/** Whether the release's action takes a reference there: in any other variable such a text is a text. */
export function takesReference(action: { variables: Record<string, unknown> }, variable: string): boolean {
  const { properties } = action.variables;
  if (typeof properties !== "object" || properties === null) return false;
  const schema = Object.hasOwn(properties, variable) ? (properties as Record<string, unknown>)[variable] : undefined;
  return typeof schema === "object" && schema !== null && secretMark in schema;
}

export function parseSecretReference(text: unknown): SecretReference | undefined {
  const [, name, version] = (typeof text === "string" && secretReferencePattern.exec(text)) || [];
  return name === undefined ? undefined : { name, ...(version === undefined ? {} : { version }) };
}
