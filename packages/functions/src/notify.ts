import { actFor } from "@steward/aws/tenant-fence";
import { tenantIdSchema } from "@steward/contracts/ids";
import { noticeIdSchema } from "@steward/contracts/notification";
import { deliverNotice } from "@steward/control/deliver-notice";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";
import { env } from "./env.ts";

const context = createContext("notify");
const { STEWARD_MAIL_FROM: mailFrom, STEWARD_API_URL: apiUrl } = env();
const { sendMail, publish } = context.services;
const deps = {
  ...context,
  signer: context.services.signer("notify"),
  sendMail,
  publish,
  ...(mailFrom === undefined ? {} : { mailFrom }),
  apiUrl,
};
const schema = z.object({ tenantId: tenantIdSchema, noticeId: noticeIdSchema });

/** Messages of `notifications`: tells who wants to know. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema,
    log: context.log,
    work: (message) => actFor(message.tenantId, () => deliverNotice(deps, message)),
  });
}
