import { z } from "zod";
import { defineAction } from "../define-action.ts";

/**
 * The way out of the catalogue, and off: a plan with it is refused unless the tenant's policy lists exactly this command,
 * and even then another person approves it. It is run by `/bin/sh -c`, as it is listed; no value is put into it.
 */
export const shellRun = defineAction({
  id: "shell.run",
  title: "Run a listed command as root",
  kind: "command",
  playbook: "shell_run",
  // What a listed command looks like is its lister's business; only what nobody can see in it is kept out.
  variables: z.strictObject({
    command: z
      .string()
      .regex(
        /^[!-~](?:[ -~]{0,998}[!-~])?$/,
        "must be one line of up to 1,000 visible characters, as the policy lists it",
      ),
  }),
  hints: { command: { question: "Which of the listed commands?" } },
  risk: { base: "high", rules: [] },
  byNameOnly: true,
  examples: [],
  undo: "none",
  timeoutSeconds: 600,
});
