import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { CliError, type ExitCode, exitCodes, usageError } from "../exit-codes.ts";
import { readProfiles } from "../profiles.ts";
import { localProgram, runNode } from "../repository.ts";
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
        const code = await runNode(localProgram("main"), [...fleet, ...self.args]);
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
    .description("Store a secret (local installation). The value is asked for, or read from a pipe; never an argument.")
    .argument("<name>", "anthropic")
    .action(async (name: string, _options: object, self: Command) =>
      run(self, async ({ env, ui, options }): Promise<ExitCode> => {
        if (name !== "anthropic") throw usageError(`There is no secret ${name}`, "There is: anthropic");
        const file = await readProfiles(env.profilesFile);
        const apiUrl = options.apiUrl ?? file?.profiles[options.profile ?? file.current]?.apiUrl;
        if (apiUrl !== undefined && !["127.0.0.1", "localhost", "[::1]"].includes(new URL(apiUrl).hostname)) {
          throw usageError(
            `${apiUrl} is not on this machine`,
            "Secrets can be set here for the local installation only.",
          );
        }
        const value = ui.canRead ? (await ui.question(`Value of ${name}: `, { hidden: true }))?.trim() : undefined;
        if (value === undefined || value === "")
          throw usageError(
            "No value was given",
            `Type it when asked, or: printf %s "$KEY" | steward secrets set ${name}`,
          );
        const code = await runNode(localProgram("set-secret"), [name], value);
        if (code !== 0)
          throw new CliError(exitCodes.failed, "The secret was not stored", {
            next: "Is Steward running? Start it with: npm start",
          });
        ui.data({ name, stored: true });
        ui.say(`${ui.paint.green("✔")} ${name} is stored.`);
        return exitCodes.ok;
      }),
    );
  examples(command, "steward secrets set anthropic");
}
