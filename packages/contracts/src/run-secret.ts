import { z } from "zod";

/** What an action calls a secret that is made for it: `password`. */
export const generatedNameSchema = z.string().regex(/^[a-z][a-zA-Z0-9]{0,29}$/, "must be a name such as password");

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

export function parseSecretReference(text: unknown): SecretReference | undefined {
  const [, name, version] = (typeof text === "string" && secretReferencePattern.exec(text)) || [];
  return name === undefined ? undefined : { name, ...(version === undefined ? {} : { version }) };
}
