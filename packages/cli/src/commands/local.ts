import type { Command } from "commander";
import { z } from "zod";
import type { Context, Runner } from "../context.ts";
import { type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { readProfiles } from "../profiles.ts";
import { askProgram, runProgram } from "../repository.ts";
import { examples } from "./shared.ts";

export function addStart(program: Command, run: Runner): void {
  const command = program
    .command("start")
    .summary("start Steward on this machine")
    .description(
      "Start Steward on this machine: local cloud, one worker, a demo fleet. Ctrl-C ends it. Further options are passed on.",
    )
    .option("--appliances <number>", "size of the demo fleet")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (options: { appliances?: string }, self: Command) =>
      run(self, async (): Promise<ExitCode> => {
        const fleet = options.appliances === undefined ? [] : ["--appliances", options.appliances];
        const code = await runProgram("start", [...fleet, ...self.args]);
        return code === 0 ? exitCodes.ok : code === exitCodes.interrupted ? exitCodes.interrupted : exitCodes.failed;
      }),
    );
  examples(command, "steward start", "steward start --appliances 100");
}

export function addSecrets(program: Command, run: Runner): void {
  const secrets = program
    .command("secrets")
    .summary("keys for services")
    .description("Keys for services that Steward calls.");
  const command = secrets
    .command("set")
    .description("Store a secret. The value is asked for, or read from a pipe; never an argument.")
    .argument("<name>", "anthropic")
    .option("--stage <stage>", "of a stage on AWS, with your own AWS credentials (default: the local installation)")
    .action(async (name: string, { stage }: { stage?: string }, self: Command) =>
      run(self, (context) => setSecret(context, name, stage)),
    );
  examples(command, "steward secrets set anthropic", 'printf %s "$KEY" | steward secrets set anthropic --stage prod');
}

async function setSecret(context: Context, name: string, stage: string | undefined): Promise<void> {
  const { ui } = context;
  if (name !== "anthropic") throw usageError(`There is no secret ${name}`, "There is: anthropic");
  if (stage === undefined) await refuseRemote(context);
  const value = ui.canRead ? (await ui.question(`Value of ${name}: `, { hidden: true }))?.trim() : undefined;
  if (value === undefined || value === "")
    throw usageError("No value was given", `Type it when asked, or: printf %s "$KEY" | steward secrets set ${name}`);
  const args = stage === undefined ? [] : ["--stage", stage];
  const stored = await askProgram("set-secret", args, { input: { value }, answer: z.object({ stage: z.string() }) });
  ui.data({ name, stage: stored.stage, stored: true });
  ui.say(`${ui.paint.green("✔")} ${name} is stored for ${stored.stage}. It is used within a minute.`);
}

/** A sign-in elsewhere is no way to a secret: there it takes AWS credentials. */
async function refuseRemote({ env, options }: Context): Promise<void> {
  const file = await readProfiles(env.profilesFile);
  const apiUrl = options.apiUrl ?? file?.profiles[options.profile ?? file.current]?.apiUrl;
  if (apiUrl === undefined || ["127.0.0.1", "localhost", "[::1]"].includes(new URL(apiUrl).hostname)) return;
  throw usageError(`${apiUrl} is not on this machine`, "For a stage on AWS say which, with --stage.");
}
