import { parseArgs } from "node:util";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { seedTenants, setUpStage } from "@steward/local/stage-setup";
import { z } from "zod";
import { answerWith, readInput } from "./answer.ts";
import { findStage } from "./find-stage.ts";
import { createLambdaChannel } from "./lambda-channel.ts";
import { rootKeyFile } from "./root-key-file.ts";

const inputSchema = z.object({ passphrase: z.string().nullable().optional() });

/** `steward bootstrap --stage prod`, with the credentials of whoever runs it. Every step may be run again. */
await answerWith(async () => {
  const { values } = parseArgs({
    options: {
      stage: { type: "string" },
      admin: { type: "string" },
      tenant: { type: "string" },
      "root-key": { type: "string" },
    },
  });
  const { admin, tenant, "root-key": file } = values;
  if (admin === undefined || file === undefined) {
    throw new AppError("invalid_request", "say --admin and --root-key");
  }
  const { passphrase } = inputSchema.parse(await readInput());
  const { name: stage, account, region, apiUrl } = await findStage(values.stage);
  const channel = createLambdaChannel({ stage, region });
  const root = rootKeyFile(file, passphrase);
  const { releaseVersion, changed } = await setUpStage(channel, { root, nowMs: Date.now() });
  const [seeded] = await seedTenants(channel, [
    {
      ...(tenant === undefined ? { name: "Provider", provider: true } : { name: tenant }),
      admin,
      heartbeatIntervalSeconds: defaults.heartbeatIntervalSeconds,
    },
  ]);
  if (seeded === undefined) throw new AppError("internal", "the function made no tenant");
  const { tenantId, personId, bootstrapToken, made } = seeded;
  const used = root.used();
  return {
    stage,
    account,
    region,
    apiUrl,
    changed,
    releaseVersion,
    rootKey: { file, ...used, encrypted: used.made && passphrase !== null },
    tenant: tenant ?? "Provider",
    tenantId,
    personId,
    admin,
    made,
    bootstrapToken,
  };
});
