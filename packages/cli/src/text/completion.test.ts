import { expect, test } from "vitest";
import { completionScript } from "./completion.ts";

const shape = {
  name: "steward",
  summary: "",
  options: [{ flag: "--json", summary: "print JSON" }],
  commands: [
    { name: "status", summary: "what's wrong", options: [], commands: [] },
    {
      name: "tasks",
      summary: "tasks",
      options: [],
      commands: [{ name: "ls", summary: "list", options: [{ flag: "--limit", summary: "how many" }], commands: [] }],
    },
  ],
};

test("each shell gets every command and option", () => {
  expect(completionScript("bash", shape)).toContain("'tasks ls') choices='--limit --json --help' ;;");
  expect(completionScript("zsh", shape)).toContain("'') choices='status tasks --json --help' ;;");
  expect(completionScript("fish", shape)).toContain(
    "complete -c steward -n '__fish_seen_subcommand_from tasks; and __fish_seen_subcommand_from ls' -l limit -d 'how many'",
  );
});

test("an apostrophe in a summary does not end the quotes", () => {
  expect(completionScript("fish", shape)).toContain(`-a status -d 'what'\\''s wrong'`);
});
