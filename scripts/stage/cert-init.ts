import { parseArgs } from "node:util";
import { createClients } from "@steward/aws/clients";
import { answerWith } from "./answer.ts";
import { findStage } from "./find-stage.ts";
import { initCertificates } from "./init-certificates.ts";

/** `steward cert init --stage prod`, with the credentials of whoever runs it. */
await answerWith(async () => {
  const { values } = parseArgs({ options: { stage: { type: "string" } } });
  const { name, account, region } = await findStage(values.stage);
  const done = await initCertificates({
    stage: name,
    account,
    clients: createClients({ region }),
    nowMs: () => Date.now(),
  });
  return { stage: name, account, region, ...done };
});
