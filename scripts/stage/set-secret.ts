import { join } from "node:path";
import { parseArgs } from "node:util";
import { createSecrets } from "@steward/aws/clients/secrets";
import { putSecret } from "@steward/aws/secrets";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { readCredentials } from "@steward/local/host/function-environment";
import { z } from "zod";
import { answerWith, readInput } from "./answer.ts";
import { findStage } from "./find-stage.ts";

const localStage = "local";
const inputSchema = z.object({ value: z.string().min(1) });

/** `steward secrets set anthropic`: into the installation on this machine, or with `--stage` into a stage on AWS. */
await answerWith(async () => {
  const { values } = parseArgs({
    options: {
      stage: { type: "string" },
      "state-dir": { type: "string", default: ".steward" },
      "cloud-port": { type: "string", default: "4566" },
    },
  });
  const { value } = inputSchema.parse(await readInput());
  const { stage, client } =
    values.stage === undefined
      ? { stage: localStage, client: localSecrets(values["state-dir"], values["cloud-port"]) }
      : await stageSecrets(values.stage);
  const name = resourceNames(stage).anthropicSecret;
  await putSecret(client, name, value);
  return { stage, name };
});

async function stageSecrets(wanted: string) {
  const { name, region } = await findStage(wanted);
  return { stage: name, client: createSecrets({ region }) };
}

function localSecrets(stateDir: string, port: string) {
  try {
    return createSecrets({
      endpointUrl: `http://127.0.0.1:${port}`,
      region: "eu-central-1",
      credentials: readCredentials(join(stateDir, "credentials.json"))("owner"),
    });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    throw new AppError("unavailable", "there is no local installation here", {
      next: "Start it first: npm start. For a stage on AWS say --stage.",
      cause: error,
    });
  }
}
