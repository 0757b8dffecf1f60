import { SendEmailCommand, type SESv2Client } from "@aws-sdk/client-sesv2";
import { sayWhy } from "./faults.ts";
import type { Handed } from "./topics.ts";

/** `From`, `To` and subject as a mail has them: SES encodes what is not ASCII, and refuses line breaks itself. */
export interface Mail {
  from: string;
  to: string;
  subject: string;
  text: string;
  /** The notice's id, the same in every repetition: a reader's rule can fold them by the header `X-Steward-Notice`. */
  messageId: string;
}

/** Hands one mail over to SES. That it was taken does not mean that it arrived: bounces come to the sender's own domain. */
export async function sendMail(ses: SESv2Client, { from, to, subject, text, messageId }: Mail): Promise<Handed> {
  const utf8 = (data: string) => ({ Data: data, Charset: "UTF-8" });
  try {
    await ses.send(
      new SendEmailCommand({
        FromEmailAddress: from,
        Destination: { ToAddresses: [to] },
        Content: {
          Simple: {
            Subject: utf8(subject),
            Body: { Text: utf8(text) },
            Headers: [
              { Name: "X-Steward-Notice", Value: messageId },
              // No out-of-office note comes back for it.
              { Name: "Auto-Submitted", Value: "auto-generated" },
            ],
          },
        },
      }),
    );
    return { taken: true };
  } catch (error) {
    return { taken: false, reason: sayWhy(error) };
  }
}
