import { randomUUID } from "node:crypto";
import type { Outbox } from "./outbox.ts";
import { element } from "./s3-xml.ts";
import { type Caller, ServiceError } from "./service.ts";

/**
 * `Publish` to whatever topic there may be: topics are customers' own, and here none is. A topic whose name ends in
 * `-absent` is not there, and one in `-closed` lets nobody in.
 */
export function answerSns(form: URLSearchParams, caller: Caller, outbox: Outbox): string {
  const action = form.get("Action") ?? "";
  if (action !== "Publish") throw new ServiceError("InvalidAction", `The local cloud's SNS does not do ${action}.`);
  const topicArn = form.get("TopicArn") ?? "";
  const name = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:([A-Za-z0-9_-]{1,256})$/.exec(topicArn)?.[1];
  if (name === undefined) throw new ServiceError("InvalidParameter", "Invalid parameter: TopicArn");
  caller.require("sns:Publish", name);
  const message = form.get("Message") ?? "";
  if (message === "") throw new ServiceError("InvalidParameter", "Invalid parameter: Empty message");
  if (Buffer.byteLength(message) > 256 * 1024) {
    throw new ServiceError("InvalidParameter", "Invalid parameter: Message too long");
  }
  const subject = form.get("Subject") ?? undefined;
  if (subject !== undefined && !/^[\x21-\x7e][\x20-\x7e]{0,99}$/.test(subject)) {
    throw new ServiceError("InvalidParameter", "Invalid parameter: Subject");
  }
  if (name.endsWith("-absent")) throw new ServiceError("NotFound", "Topic does not exist", { status: 404 });
  if (name.endsWith("-closed")) {
    throw new ServiceError("AuthorizationError", `User is not authorized to perform: SNS:Publish on ${topicArn}`, {
      status: 403,
    });
  }
  const id = outbox.put({
    kind: "sns",
    topicArn,
    ...(subject === undefined ? {} : { subject }),
    message,
    attributes: attributesIn(form),
  });
  return (
    `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>${element("MessageId", id)}` +
    `</PublishResult><ResponseMetadata>${element("RequestId", randomUUID())}</ResponseMetadata></PublishResponse>`
  );
}

function attributesIn(form: URLSearchParams): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (let at = 1; form.has(`MessageAttributes.entry.${at}.Name`); at += 1) {
    const entry = `MessageAttributes.entry.${at}`;
    attributes[form.get(`${entry}.Name`) ?? ""] = form.get(`${entry}.Value.StringValue`) ?? "";
  }
  return attributes;
}
