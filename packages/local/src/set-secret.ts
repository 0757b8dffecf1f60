import { join, resolve } from "node:path";
import { text as readText } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { createSecrets } from "@steward/aws/clients/secrets";
import { putSecret } from "@steward/aws/secrets";
import { resourceNames } from "@steward/contracts/names";
import { readCredentials } from "./host/function-environment.ts";

/** `node packages/local/src/set-secret.ts anthropic < key`: stores a value in the local Secrets Manager. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "state-dir": { type: "string", default: ".steward" }, "cloud-port": { type: "string", default: "4566" } },
});
const names = resourceNames("local");
const secrets: Record<string, string> = { anthropic: names.anthropicSecret };

try {
  const name = secrets[positionals[0] ?? ""];
  if (name === undefined) throw new Error(`say which secret: ${Object.keys(secrets).join(", ")}`);
  const value = (await readText(process.stdin)).trim();
  if (value === "") throw new Error("give the value on standard input");
  const keys = readCredentials(join(resolve(values["state-dir"]), "credentials.json"))("bootstrap");
  const client = createSecrets({
    endpointUrl: `http://127.0.0.1:${values["cloud-port"]}`,
    region: "eu-central-1",
    credentials: keys,
  });
  await putSecret(client, name, value);
  console.log(`Stored. It is used within a minute.`);
} catch (error) {
  const absent = error instanceof Error && "code" in error && error.code === "ENOENT";
  const reason = absent
    ? "there is no local installation here; start it first (npm start)"
    : String(error instanceof Error ? error.message : error);
  console.error(`The secret was not stored: ${reason}.`);
  process.exit(1);
}
