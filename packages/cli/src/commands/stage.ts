import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Context, Runner } from "../context.ts";
import { askProgram } from "../repository.ts";
import type { Ui } from "../ui.ts";
import { addCertificates } from "./cert.ts";
import { withPassphrase } from "./passphrase.ts";
import { examples } from "./shared.ts";

const done = z.enum(["made", "repaired", "kept"]);
const certificatesSchema = z.object({
  stage: z.string(),
  account: z.string(),
  region: z.string(),
  ca: z.object({ done, fingerprint: z.string(), notAfter: z.string() }),
  truststore: z.object({ done, uri: z.string(), version: z.string() }),
  parameter: z.object({ done, name: z.string() }),
});

const bootstrappedSchema = z.object({
  stage: z.string(),
  account: z.string(),
  region: z.string(),
  apiUrl: z.string().optional(),
  changed: z.array(z.string()),
  releaseVersion: z.number(),
  rootKey: z.object({
    file: z.string(),
    made: z.boolean(),
    encrypted: z.boolean(),
    fingerprint: z.string().optional(),
  }),
  tenant: z.string(),
  tenantId: z.string(),
  personId: z.string(),
  admin: z.string(),
  made: z.array(z.enum(["tenant", "admin"])),
  bootstrapToken: z.string(),
});
type Bootstrapped = z.infer<typeof bootstrappedSchema>;

const whatParameters: Record<string, string> = {
  "ca-certificate": "the CA's certificate",
  "root-public-key": "the root's public key",
  "trust-document": "the trust document",
  release: "the release",
};

export function addCert(program: Command, run: Runner): void {
  const cert = program
    .command("cert")
    .summary("certificates of machines and browsers")
    .description("Certificates: of machines, of people's browsers, and the CA of a stage on AWS.");
  addCertificates(cert, run);
  const command = cert
    .command("init")
    .summary("make the CA and the truststore")
    .description(
      "Make a stage's CA and its truststore, with your own AWS credentials: after `cdk deploy`, before the first `sst deploy` " +
        "(of a stage of your own: after it, then deploy again). What is there stays as it is; what is missing is made.",
    )
    .requiredOption("--stage <stage>", "which stage: staging, prod, or one of your own")
    .action(async ({ stage }: { stage: string }, self: Command) => run(self, (context) => initCert(context, stage)));
  examples(command, "steward cert init --stage staging", "AWS_PROFILE=acme-prod steward cert init --stage prod");
}

async function initCert({ ui }: Context, stage: string): Promise<void> {
  const stop = ui.progress(`Certificates of ${stage}`);
  const made = await askProgram("cert-init", ["--stage", stage], { answer: certificatesSchema }).finally(stop);
  ui.data(made);
  const { paint } = ui;
  const line = (what: z.infer<typeof done>, text: string) =>
    ui.say(`${paint.green("✔")} ${paint.dim(what.padEnd(9))}${text}`);
  ui.say(`${paint.bold(made.stage)} ${paint.dim(`in ${made.account}, ${made.region}`)}`);
  line(made.ca.done, `CA until ${made.ca.notAfter.slice(0, 10)}, sha256 ${made.ca.fingerprint}`);
  line(made.truststore.done, `${made.truststore.uri}, version ${made.truststore.version}`);
  line(made.parameter.done, `${made.parameter.name} names that version`);
  const all = [made.ca, made.truststore, made.parameter];
  if (all.every((one) => one.done === "kept")) ui.say("Everything was there: nothing was changed.");
  else ui.say(`Next: npx sst deploy --stage ${made.stage}`);
}

interface BootstrapOptions {
  stage: string;
  admin: string;
  forTenant?: string;
  rootKey?: string;
  passphraseFile?: string;
}

export function addBootstrap(program: Command, run: Runner): void {
  const command = program
    .command("bootstrap")
    .summary("set a stage on AWS up, and sign in as its first admin")
    .description(
      "Set a stage on AWS up, with your own AWS credentials, after `sst deploy`: sign its keys with the offline root key, " +
        "publish the release, make the provider's tenant and its admin. Run again it publishes what has changed since, and " +
        "gives the admin a fresh sign-in link.",
    )
    .requiredOption("--stage <stage>", "which stage: staging, prod, or one of your own")
    .option("--admin <name>", "the admin's name", "admin")
    .option("--for-tenant <name>", "a customer's tenant and its admin, instead of the provider's")
    .option(
      "--root-key <file>",
      "the offline root key; made at the first time (default: root-key-<stage>.pem, beside the CLI's profiles)",
    )
    .option("--passphrase-file <file>", "a file with the root key's passphrase, instead of being asked")
    .action(async (options: BootstrapOptions, self: Command) => run(self, (context) => bootstrap(context, options)));
  examples(
    command,
    "steward bootstrap --stage staging",
    "steward bootstrap --stage prod --admin anna --root-key /media/stick/steward-root.pem",
    'steward bootstrap --stage prod --for-tenant "Acme" --admin bert',
  );
}

async function bootstrap({ env, ui, options: globals }: Context, options: BootstrapOptions): Promise<void> {
  const rootKey = resolve(options.rootKey ?? join(dirname(env.profilesFile), `root-key-${options.stage}.pem`));
  const args = ["--stage", options.stage, "--admin", options.admin, "--root-key", rootKey];
  if (options.forTenant !== undefined) args.push("--tenant", options.forTenant);
  const ask = async (input: { passphrase?: string | null }): Promise<Bootstrapped> => {
    const stop = ui.progress(`Setting ${options.stage} up`);
    return askProgram("bootstrap", args, { input, answer: bootstrappedSchema }).finally(stop);
  };
  const made = await withPassphrase(ui, { file: rootKey, passphraseFile: options.passphraseFile }, ask);
  report(ui, made, globals.apiUrl ?? made.apiUrl);
}

function report(ui: Ui, made: Bootstrapped, apiUrl: string | undefined): void {
  const { paint } = ui;
  const link = apiUrl === undefined ? undefined : `${apiUrl.replace(/\/$/, "")}/#login=${made.bootstrapToken}`;
  ui.data({ ...made, ...(link === undefined ? {} : { link }) });
  ui.say(`${paint.bold(made.stage)} ${paint.dim(`in ${made.account}, ${made.region}`)}`);
  const changes = [
    ...made.changed.map((name) => whatParameters[name] ?? name),
    ...made.made.map((what) => (what === "tenant" ? `the tenant ${made.tenant}` : `the admin ${made.admin}`)),
  ];
  if (changes.length === 0) ui.say("Everything was there: nothing was changed but for this sign-in link.");
  else for (const change of changes) ui.say(`${paint.green("✔")} new: ${change}`);
  ui.say(`Release ${made.releaseVersion} is in force.`);
  const { rootKey } = made;
  if (rootKey.made) {
    ui.say("");
    ui.say(`Root key: ${rootKey.file} ${rootKey.encrypted ? "(encrypted)" : paint.yellow("(without a passphrase)")}`);
    ui.say(`  sha256 ${rootKey.fingerprint}`);
    ui.say("  Keep it offline, in two places: machines pin it, and nothing on AWS has it.");
  }
  ui.say("");
  ui.say(`Sign in as ${made.admin}, once, within the hour:`);
  if (link === undefined) {
    ui.say(`  steward login ${made.bootstrapToken} --api-url <the API's address> --profile ${made.stage}`);
    return;
  }
  ui.say(`  ${link}`);
  ui.say(`  steward login '${link}' --profile ${made.stage}`);
  ui.say("Then: steward tenant ls");
}
