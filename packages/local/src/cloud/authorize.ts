import type { Grant } from "@steward/contracts/permissions";
import { z } from "zod";
import type { Question } from "./call-recorder.ts";
import { type Caller, ServiceError } from "./service.ts";

/** One set of keys and what they are good for. */
export interface CloudCredential {
  accessKeyId: string;
  secretAccessKey: string;
  principal: string;
  grants: Grant[];
}

export const credentialsSchema = z.array(
  z.object({
    accessKeyId: z.string().regex(/^[A-Za-z0-9]{8,128}$/, "8 to 128 letters and digits"),
    secretAccessKey: z.string().min(16, "at least 16 characters"),
    principal: z.string().min(1),
    grants: z.array(
      z.object({ actions: z.array(z.string()), resources: z.array(z.string()), keys: z.array(z.string()).optional() }),
    ),
  }),
);

/** A caller who may do what the grants say, and nothing else. `record` hears each question. */
export function callerOf(
  credential: Pick<CloudCredential, "principal" | "grants">,
  record?: (question: Question) => void,
): Caller {
  // The same few questions come with every request; their answers never change while the grants do not.
  const answers = new Map<string, { grantedBy: string | undefined }>();
  const ask = (action: string, resource: string): { grantedBy: string | undefined } => {
    const question = `${action} ${resource}`;
    let answer = answers.get(question);
    if (answer === undefined) {
      const patterns = credential.grants
        .filter((grant) => grant.actions.some((pattern) => matches(pattern, action)))
        .flatMap((grant) => grant.resources);
      answer = { grantedBy: patterns.find((pattern) => matches(pattern, resource)) };
      if (answers.size > 10_000) answers.clear();
      answers.set(question, answer);
    }
    return answer;
  };
  /** Whether one of the resource's names is granted. */
  const allows = (action: string, ...resourceNames: string[]): boolean => {
    for (const resource of resourceNames) {
      const { grantedBy } = ask(action, resource);
      if (grantedBy === undefined) continue;
      record?.({ principal: credential.principal, action, resource, grantedBy });
      return true;
    }
    record?.({ principal: credential.principal, action, resource: resourceNames[0] ?? "*", grantedBy: undefined });
    return false;
  };
  return {
    principal: credential.principal,
    allows,
    requireKeys: (action, resource, keys) => {
      const covered = credential.grants.some(
        (grant) =>
          grant.actions.some((pattern) => matches(pattern, action)) &&
          grant.resources.some((pattern) => matches(pattern, resource)) &&
          (grant.keys === undefined || keys.every((key) => grant.keys?.some((pattern) => like(pattern, key)))),
      );
      if (covered) return;
      record?.({ principal: credential.principal, action, resource, grantedBy: undefined });
      throw new ServiceError(
        "AccessDeniedException",
        `${credential.principal} is not authorized to perform ${action} on ${resource} with the keys ${keys.join(", ")}. ` +
          "If it should be, grant it in packages/contracts/src/permissions.ts.",
      );
    },
    require: (action, ...resourceNames) => {
      if (allows(action, ...resourceNames)) return;
      throw new ServiceError(
        "AccessDeniedException",
        `${credential.principal} is not authorized to perform ${action} on ${resourceNames[0] ?? "*"}. ` +
          "If it should be, grant it in packages/contracts/src/permissions.ts.",
      );
    },
  };
}

const patterns = new Map<string, RegExp>();

/** IAM's StringLike: `*` is any text, anywhere. */
function like(pattern: string, value: string): boolean {
  let known = patterns.get(pattern);
  if (known === undefined) {
    known = new RegExp(
      `^${pattern
        .split("*")
        .map((text) => RegExp.escape(text))
        .join(".*")}$`,
      "s",
    );
    patterns.set(pattern, known);
  }
  return known.test(value);
}

/** `pattern` is a name, or a prefix followed by `*`. */
export function matches(pattern: string, value: string): boolean {
  return pattern.endsWith("*") ? value.startsWith(pattern.slice(0, -1)) : pattern === value;
}
