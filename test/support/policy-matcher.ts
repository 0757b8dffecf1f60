/** A statement of a policy, as far as the matcher looks at it. */
interface PolicyStatement {
  actions: readonly string[];
  resources: readonly string[];
}

/**
 * Whether one of the statements is about this action on this resource, by IAM's rules for wildcards. Conditions are not
 * evaluated: a statement with one counts as if it were fulfilled, so the tests of conditions look at the statements.
 */
export function isCovered(statements: readonly PolicyStatement[], action: string, arn: string): boolean {
  return statements.some(
    (statement) =>
      // IAM does not look at the case of an action, but at that of a resource.
      statement.actions.some((pattern) => wildcard(pattern.toLowerCase(), action.toLowerCase())) &&
      statement.resources.some((pattern) => wildcard(pattern, arn)),
  );
}

/** `*` is any text, also none and also across `/` and `:`; `?` is one character. */
export function wildcard(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(text);
}
