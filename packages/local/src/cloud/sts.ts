import { randomUUID } from "node:crypto";
import { element } from "./s3-xml.ts";
import { type Caller, type CloudContext, ServiceError } from "./service.ts";

/** `GetCallerIdentity`, which needs no right: whoever can sign may know who he is. */
export function answerSts(form: URLSearchParams, caller: Caller, { accountId }: CloudContext): string {
  const action = form.get("Action") ?? "";
  if (action !== "GetCallerIdentity")
    throw new ServiceError("InvalidAction", `The local cloud's STS does not do ${action}.`);
  const identity = [
    element("Arn", `arn:aws:sts::${accountId}:assumed-role/${caller.principal}/local`),
    element("UserId", `LOCAL:${caller.principal}`),
    element("Account", accountId),
  ].join("");
  return (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">' +
    `<GetCallerIdentityResult>${identity}</GetCallerIdentityResult>` +
    `<ResponseMetadata>${element("RequestId", randomUUID())}</ResponseMetadata></GetCallerIdentityResponse>`
  );
}
