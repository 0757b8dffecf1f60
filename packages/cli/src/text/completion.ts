export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** A command as completion sees it. */
export interface CommandShape {
  name: string;
  summary: string;
  options: { flag: string; summary: string }[];
  commands: CommandShape[];
}

/** A completion script, made from the commands that there are: words after words, nothing asked over the network. */
export function completionScript(shell: Shell, root: CommandShape): string {
  const entries = flatten(root, [], root.options);
  if (shell === "fish") return fish(entries);
  const cases = entries.map(
    ({ path, words }) => `    ${quote(path.join(" "))}) choices=${quote(words.map((word) => word.text).join(" "))} ;;`,
  );
  const find = [
    "  local choices='' chosen='' word",
    // Not `path` and `words`: both mean something to zsh. Options are no part of the path; neither is what follows the last command.
    '  for word in "${before[@]}"; do',
    '    case "$chosen $word" in',
    ...entries
      .filter(({ path }) => path.length > 0)
      .map(({ path }) => `      ${quote(` ${path.join(" ")}`)}) chosen=${quote(` ${path.join(" ")}`)} ;;`),
    "    esac",
    "  done",
    '  case "${chosen# }" in',
    ...cases,
    "  esac",
  ];
  if (shell === "bash") {
    return [
      "# steward: completion for bash",
      "_steward() {",
      '  local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}") current="${COMP_WORDS[COMP_CWORD]}"',
      ...find,
      '  COMPREPLY=($(compgen -W "$choices" -- "$current"))',
      "}",
      "complete -F _steward steward",
    ].join("\n");
  }
  return [
    "#compdef steward",
    "_steward() {",
    '  local -a before=("${(@)words[2,CURRENT-1]}")',
    ...find,
    "  compadd -- ${=choices}",
    "}",
    // From a folder of $fpath, zsh runs this file as the function itself; sourced, it only has to be registered.
    'if [ "${funcstack[1]}" = "_steward" ]; then _steward "$@"; else compdef _steward steward; fi',
  ].join("\n");
}

interface Entry {
  path: string[];
  words: { text: string; summary: string }[];
  subcommands: string[];
}

function flatten(command: CommandShape, path: string[], globals: CommandShape["options"]): Entry[] {
  const options = [...command.options, ...(path.length === 0 ? [] : globals)];
  const own: Entry = {
    path,
    subcommands: command.commands.map((one) => one.name),
    words: [
      ...command.commands.map((one) => ({ text: one.name, summary: one.summary })),
      ...options.map((option) => ({ text: option.flag, summary: option.summary })),
      { text: "--help", summary: "show help" },
    ],
  };
  return [own, ...command.commands.flatMap((one) => flatten(one, [...path, one.name], globals))];
}

function fish(entries: readonly Entry[]): string {
  const lines = ["# steward: completion for fish", "complete -c steward -f"];
  for (const { path, words, subcommands } of entries) {
    const inside = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const notYet = subcommands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${subcommands.join(" ")}`];
    const condition = [...inside, ...notYet].join("; and ");
    for (const { text, summary } of words) {
      const what = text.startsWith("--") ? `-l ${text.slice(2)}` : `-a ${text}`;
      lines.push(
        `complete -c steward${condition === "" ? "" : ` -n ${quote(condition)}`} ${what} -d ${quote(summary)}`,
      );
    }
  }
  return lines.join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
