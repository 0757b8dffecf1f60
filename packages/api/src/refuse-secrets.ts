import { AppError, type FieldProblem } from "@steward/contracts/errors";
import { holdsSecret, isSecretName } from "@steward/contracts/redact";

/**
 * Refuses a body that a password or another secret was written into: an instruction, a variable, a reason, a name. It would
 * be kept with the task, read by models and shown to whoever may look. Before anything of it is stored, hashed or sent on.
 */
export function refuseSecrets(body: unknown): void {
  const field = findSecret(body, []);
  if (field === undefined) return;
  throw new AppError("unprocessable", "a password or another secret must not stand in a request", {
    fields: [field],
    next:
      "Say it without the secret, such as: add user anna. Where an action needs a password Steward makes it itself and " +
      "hands it over once; a key of the installation is put in with: steward secrets set <name>.",
  });
}

/** The first field that holds one. The path is the caller's own words, and is held to the same rule. */
function findSecret(value: unknown, path: readonly string[]): FieldProblem | undefined {
  if (typeof value === "string") {
    const named = path.at(-1) !== undefined && isSecretName(path.at(-1) ?? "") && value !== "";
    // `{secret: reference}` is how an action names one.
    return named || holdsSecret(value) ? { path: path.join(".").slice(0, 200), message: "holds a secret" } : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, field] of Object.entries(value)) {
    if (holdsSecret(key)) return { path: path.join(".").slice(0, 200), message: "has a field whose name is a secret" };
    const found = findSecret(field, [...path, key]);
    if (found !== undefined) return found;
  }
  return undefined;
}
