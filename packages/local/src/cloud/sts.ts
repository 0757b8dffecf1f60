import { randomUUID } from "node:crypto";
import { element } from "./s3-xml.ts";
import { type Caller, type CloudContext, ServiceError } from "./service.ts";
import type { Sessions } from "./sessions.ts";

const defaultSeconds = 3_600;

/**
 * `GetCallerIdentity`, which needs no right: whoever can sign may know who he is. `AssumeRole` for the role of the queues,
 * with a session policy.
 */
export function answerSts(
  form: URLSearchParams,
  caller: Caller,
  { context, sessions }: { context: CloudContext; sessions: Sessions },
): string {
  const action = form.get("Action") ?? "";
  switch (action) {
    case "GetCallerIdentity":
      return answer(action, [
        element("Arn", `arn:aws:sts::${context.accountId}:assumed-role/${caller.principal}/local`),
        element("UserId", `LOCAL:${caller.principal}`),
        element("Account", context.accountId),
      ]);
    case "AssumeRole":
      return answer(action, assumeRole(form, caller, { context, sessions }));
    default:
      throw new ServiceError("InvalidAction", `The local cloud's STS does not do ${action}.`);
  }
}

function assumeRole(
  form: URLSearchParams,
  caller: Caller,
  { context, sessions }: { context: CloudContext; sessions: Sessions },
): string[] {
  const arn = form.get("RoleArn") ?? "";
  const role = new RegExp(`^arn:aws:iam::${context.accountId}:role/([\\w+=,.@-]{1,64})$`).exec(arn)?.[1];
  if (role === undefined) throw invalid(`${arn} is not the ARN of a role here.`);
  caller.require("sts:AssumeRole", role);
  const name = form.get("RoleSessionName") ?? "";
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) throw invalid("RoleSessionName has 2 to 64 letters, digits and +=,.@-_.");
  const seconds = Number(form.get("DurationSeconds") ?? defaultSeconds);
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 3_600) {
    throw invalid("DurationSeconds is 900 to 3600 where a role lends another's rights.");
  }
  const session = sessions.begin({ role, name, policy: form.get("Policy") ?? undefined, seconds });
  return [
    `<AssumedRoleUser>${element("Arn", `arn:aws:sts::${context.accountId}:assumed-role/${role}/${name}`)}${element("AssumedRoleId", `LOCAL:${name}`)}</AssumedRoleUser>`,
    `<Credentials>${[
      element("AccessKeyId", session.accessKeyId),
      element("SecretAccessKey", session.secretAccessKey),
      element("SessionToken", session.sessionToken),
      element("Expiration", new Date(session.expiresAtMs).toISOString()),
    ].join("")}</Credentials>`,
  ];
}

function answer(action: string, members: string[]): string {
  return (
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
    `<${action}Result>${members.join("")}</${action}Result>` +
    `<ResponseMetadata>${element("RequestId", randomUUID())}</ResponseMetadata></${action}Response>`
  );
}

function invalid(message: string): ServiceError {
  return new ServiceError("ValidationError", message);
}
