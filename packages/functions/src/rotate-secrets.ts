import { randomBytes } from "node:crypto";
import { rotateSecret, rotationEventSchema } from "@steward/control/rotate-secret";
import { env } from "./env.ts";
import { createLog } from "./log.ts";
import { redactErrors } from "./redact-errors.ts";
import { createServices } from "./services.ts";

// Not the context of the others: it touches no record, and their client is what loads longest.
const { STEWARD_STAGE: stage, STEWARD_ACCOUNT: account } = env();
const log = createLog("rotate-secrets", stage);
const { secretVersions: versions } = createServices({ stage, account });
const deps = { stage, log, versions, secret: () => randomBytes(32).toString("base64url") };

/** Secrets Manager rotates a secret: one call for each of the four steps. */
export const handler = redactErrors(async (input: unknown): Promise<void> => {
  try {
    await rotateSecret(deps, rotationEventSchema.parse(input));
  } catch (error) {
    // Secrets Manager tries again and tells nobody: the alarm looks at these faults.
    log("error", "rotation_failed", { error });
    throw error;
  }
});
