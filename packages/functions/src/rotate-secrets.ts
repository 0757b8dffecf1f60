import { rotateSecret, rotationEventSchema } from "@steward/control/rotate-secret";
import { createContext } from "./context.ts";

const context = createContext("rotate-secrets");
const deps = { ...context, versions: context.services.secretVersions };

/** Secrets Manager rotates a secret: one call for each of the four steps. */
export async function handler(input: unknown): Promise<void> {
  try {
    await rotateSecret(deps, rotationEventSchema.parse(input));
  } catch (error) {
    // Secrets Manager tries again and tells nobody: the alarm looks at these faults.
    context.log("error", "rotation_failed", { error });
    throw error;
  }
}
