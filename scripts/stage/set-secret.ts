import { parseArgs } from "node:util";
import { createSecrets } from "@steward/aws/clients/secrets";
import { putSecret } from "@steward/aws/secrets";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { z } from "zod";
import { answerWith, readInput } from "./answer.ts";
import { findStage } from "./find-stage.ts";

const inputSchema = z.object({ value: z.string().min(1) });

/** `steward secrets set anthropic --stage`: where there is no API yet that could be asked. */
await answerWith(async () => {
  const { values } = parseArgs({ options: { stage: { type: "string" } } });
  if (values.stage === undefined) throw new AppError("invalid_request", "say which stage: --stage");
  const { value } = inputSchema.parse(await readInput());
  const { name: stage, region } = await findStage(values.stage);
  const name = resourceNames(stage).anthropicSecret;
  await putSecret(createSecrets({ region }), name, value);
  return { stage, name };
});
