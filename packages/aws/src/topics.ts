import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { isNamed, sayWhy } from "./faults.ts";
import { observed } from "./clients/observe.ts";
import { clientConfiguration } from "./clients/options.ts";

/** What a receiver of AWS's own did with a message. `final`: it will never take one. */
export type Handed = { taken: true } | { taken: false; final?: boolean; reason: string };

/** Subjects of SNS are ASCII of at most 100 characters, without line breaks. */
const subjectOf = (text: string) => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 100);

/**
 * Publishes to a topic, of whichever account: its policy says who may. The topic's region is in its ARN. Attributes let a
 * subscription filter.
 */
export async function publish(
  message: { topicArn: string; subject: string; body: string; attributes: Readonly<Record<string, string>> },
  clientOf: (region: string) => SNSClient = createForRegion,
): Promise<Handed> {
  const { topicArn, subject, body, attributes } = message;
  const region = topicArn.split(":")[3] ?? "";
  try {
    await clientOf(region).send(
      new PublishCommand({
        TopicArn: topicArn,
        Subject: subjectOf(subject),
        Message: body,
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
        ),
      }),
    );
    return { taken: true };
  } catch (error) {
    return { taken: false, final: isNamed(error, "NotFoundException", "NotFound"), reason: sayWhy(error) };
  }
}

const clients = new Map<string, SNSClient>();

function createForRegion(region: string): SNSClient {
  const known = clients.get(region);
  if (known !== undefined) return known;
  const made = observed(new SNSClient(clientConfiguration({ region })));
  clients.set(region, made);
  return made;
}
