import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { callerOf, type CloudCredential, matches } from "./authorize.ts";
import type { Question } from "./call-recorder.ts";
import { type Caller, type CloudContext, ServiceError } from "./service.ts";

/** A role, by its name: what somebody may be lent, and the key that vouches for it. */
export type Roles = ReadonlyMap<string, CloudCredential>;

/** Keys that `AssumeRole` made. */
interface Session {
  secretAccessKey: string;
  caller: Caller;
  unrecorded: Caller;
}

export interface Sessions {
  begin(request: { role: string; name: string; policy: string | undefined; seconds: number }): {
    accessKeyId: string;
    secretAccessKey: string;
    sessionToken: string;
    expiresAtMs: number;
  };
  /** The session of a token, once it is found to be ours and in time; undefined for anything else. */
  find(accessKeyId: string, sessionToken: string): Session | "expired" | undefined;
}

/** A session policy as far as Steward writes them: what is allowed, on resources named by ARN. */
const policySchema = z.object({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.strictObject({
      Effect: z.literal("Allow"),
      Action: z.union([z.string(), z.array(z.string())]),
      Resource: z.union([z.string(), z.array(z.string())]),
    }),
  ),
});
type Policy = z.infer<typeof policySchema>;

const tokenSchema = z.object({
  id: z.string(),
  role: z.string(),
  name: z.string(),
  policy: policySchema.optional(),
  expiresAtMs: z.number(),
});

const maxPolicyCharacters = 2_048;

/**
 * Nothing is kept: all there is to know of a session is in its token, under the role's own key. So a cloud that is
 * started again knows the sessions of the one before, as AWS does.
 */
export function createSessions(options: {
  roles: Roles;
  context: CloudContext;
  record: ((question: Question) => void) | undefined;
}): Sessions {
  const { roles, context } = options;
  const opened = new Map<string, Session & { expiresAtMs: number }>();
  const keyed = (role: CloudCredential, use: string, text: string) =>
    createHmac("sha256", role.secretAccessKey).update(`${use}:${text}`).digest();

  return {
    begin({ role: roleName, name, policy, seconds }) {
      const role = roles.get(roleName);
      if (role === undefined) throw new ServiceError("AccessDenied", `There is no role ${roleName} to assume.`);
      const id = randomBytes(8).toString("hex").toUpperCase();
      const expiresAtMs = context.now() + seconds * 1000;
      const content = {
        id,
        role: roleName,
        name,
        expiresAtMs,
        ...(policy === undefined ? {} : { policy: read(policy) }),
      };
      const payload = Buffer.from(JSON.stringify(content)).toString("base64url");
      return {
        accessKeyId: `ASIA${id}`,
        secretAccessKey: keyed(role, "secret", payload).toString("base64url"),
        sessionToken: `${payload}.${keyed(role, "token", payload).toString("base64url")}`,
        expiresAtMs,
      };
    },

    find(accessKeyId, sessionToken) {
      const known = opened.get(sessionToken);
      if (known !== undefined) return context.now() >= known.expiresAtMs ? "expired" : known;
      const [payload = "", mark = ""] = sessionToken.split(".");
      const content = tokenSchema.safeParse(parse(Buffer.from(payload, "base64url").toString("utf8")));
      const role = content.success ? roles.get(content.data.role) : undefined;
      if (!content.success || role === undefined || accessKeyId !== `ASIA${content.data.id}`) return undefined;
      const expected = keyed(role, "token", payload);
      const given = Buffer.from(mark, "base64url");
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const { policy, expiresAtMs } = content.data;
      if (context.now() >= expiresAtMs) return "expired";
      const bound = (caller: Caller) => (policy === undefined ? caller : within(caller, policy, context));
      const session = {
        secretAccessKey: keyed(role, "secret", payload).toString("base64url"),
        caller: bound(callerOf(role, options.record)),
        unrecorded: bound(callerOf(role)),
        expiresAtMs,
      };
      if (opened.size > 1_000) opened.clear();
      opened.set(sessionToken, session);
      return session;
    },
  };
}

function read(text: string): Policy {
  if (text.length > maxPolicyCharacters) {
    throw new ServiceError("PackedPolicyTooLarge", `A session policy has at most ${maxPolicyCharacters} characters.`);
  }
  const policy = policySchema.safeParse(parse(text));
  if (policy.success) return policy.data;
  throw new ServiceError(
    "MalformedPolicyDocument",
    "The local cloud reads session policies of Allow statements with Action and Resource.",
  );
}

/** A caller who may do what the role allows *and* the session's policy does. */
function within(caller: Caller, policy: Policy, { accountId }: CloudContext): Caller {
  const lent = (action: string, resource: string) => {
    // Other services' names are no ARNs that could be made here; nobody is lent anything of theirs.
    if (!action.startsWith("sqs:")) return false;
    // This cloud is all regions in one: an ARN's region says nothing here.
    const named = (pattern: string) => {
      const [, , service, , account, ...name] = pattern.split(":");
      return service === "sqs" && account === accountId && matches(name.join(":"), resource);
    };
    return policy.Statement.some(
      ({ Action, Resource }) =>
        [Action].flat().some((pattern) => matches(pattern, action)) && [Resource].flat().some(named),
    );
  };
  const refuse = (action: string, resource: string): never => {
    throw new ServiceError(
      "AccessDeniedException",
      `${caller.principal} is not authorized to perform ${action} on ${resource} because no session policy allows it.`,
    );
  };
  return {
    principal: caller.principal,
    allows: (action, resource) => lent(action, resource) && caller.allows(action, resource),
    require: (action, ...resources) => {
      const allowed = resources.filter((resource) => lent(action, resource));
      if (allowed.length === 0) refuse(action, resources[0] ?? "*");
      caller.require(action, ...allowed);
    },
    requireKeys: (action, resource) => refuse(action, resource),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
