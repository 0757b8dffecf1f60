import { z } from "zod";
import type { Outbox } from "./outbox.ts";
import { type Operation, operation, ServiceError } from "./service.ts";

const content = z.object({ Data: z.string(), Charset: z.string().optional() });
const schema = z.object({
  FromEmailAddress: z.string(),
  Destination: z.object({ ToAddresses: z.array(z.string()).min(1).max(50) }),
  Content: z.object({
    Simple: z.object({
      Subject: content,
      Body: z.object({ Text: content }),
      Headers: z
        .array(z.object({ Name: z.string(), Value: z.string() }))
        .max(15)
        .optional(),
    }),
  }),
});

/** `SendEmail` of SES (v2), with one plain text. Addresses at `rejected.example` take no mail. */
export function createSendEmail(outbox: Outbox): Operation {
  return operation(schema, (input, caller) => {
    const domain = input.FromEmailAddress.split("@").at(-1) ?? "";
    caller.require("ses:SendEmail", `identity/${domain}`);
    const { Subject, Body, Headers = [] } = input.Content.Simple;
    if (/[\r\n]/.test(Subject.Data)) throw new ServiceError("BadRequestException", "Subject has a line break.");
    const to = input.Destination.ToAddresses;
    if (to.some((address) => address.endsWith("@rejected.example"))) {
      throw new ServiceError("MessageRejected", "Email address is not verified.");
    }
    const id = outbox.put({
      kind: "email",
      from: input.FromEmailAddress,
      to,
      subject: Subject.Data,
      text: Body.Text.Data,
      headers: Object.fromEntries(Headers.map(({ Name, Value }) => [Name, Value])),
    });
    return { MessageId: id };
  });
}
