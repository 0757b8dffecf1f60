import type { Command } from "commander";
import type { Runner } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { runProgram } from "../repository.ts";
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
