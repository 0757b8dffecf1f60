import { type Command, Option } from "commander";
import type { Runner } from "../context.ts";
import { type CommandShape, completionScript, type Shell, shells } from "../text/completion.ts";
import { examples } from "./shared.ts";

export function addCompletion(program: Command, run: Runner): void {
  const command = program
    .command("completion")
    .summary("completion for your shell")
    .description(`A script that completes commands and options, for ${shells.join(", ")}.`)
    .argument("<shell>", shells.join(", "), (value) => value)
    .action(async (shell: string, _options: object, self: Command) =>
      run(self, async ({ ui }) => {
        const known = shells.find((one) => one === shell);
        if (known === undefined) {
          self.error(`error: there is completion for ${shells.join(", ")}, not for ${shell}`);
          return;
        }
        const script = completionScript(known satisfies Shell, shapeOf(program));
        ui.data({ shell, script });
        ui.say(script);
      }),
    );
  examples(
    command,
    "steward completion bash > ~/.local/share/bash-completion/completions/steward",
    'steward completion zsh > "${fpath[1]}/_steward"',
    "steward completion fish > ~/.config/fish/completions/steward.fish",
  );
}

function shapeOf(command: Command): CommandShape {
  const options: Option[] = command.options.filter((option) => !option.hidden);
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    options: options.flatMap((option) => (option.long ? [{ flag: option.long, summary: option.description }] : [])),
    commands: command.commands.map(shapeOf),
  };
}
