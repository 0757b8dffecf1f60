import { type Command, InvalidArgumentError } from "commander";

/** Adds examples under the help of a command. */
export function examples(command: Command, ...lines: string[]): Command {
  return command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}

export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

export function wholeNumber(least: number, most: number) {
  return (value: string): number => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(number) || number < least || number > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return number;
  };
}

/** `--on a --on b,c`: what the API takes as targets. */
export function targetsOf(on: readonly string[] = []): string[] {
  return [
    ...new Set(
      on
        .flatMap((value) => value.split(","))
        .map((value) => value.trim())
        .filter((value) => value !== ""),
    ),
  ];
}

/** `80/95`: warning and critical, both and nothing else. Undefined where it is not that. */
export function pairOf(value: string): [number, number] | undefined {
  const [, warning, critical] = /^\s*(\d+(?:\.\d+)?)\s*\/\s*(\d+(?:\.\d+)?)\s*$/.exec(value) ?? [];
  return warning === undefined || critical === undefined ? undefined : [Number(warning), Number(critical)];
}
