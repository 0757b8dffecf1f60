import type { Variables } from "@steward/contracts/actions";
import { z } from "zod";
import { defineAction } from "../define-action.ts";
import { unitName } from "../variables.ts";

export const journalShow = defineAction({
  id: "journal.show",
  title: "Show what a service has logged",
  kind: "read",
  playbook: "journal_show",
  variables: z.strictObject({ unit: unitName, lines: z.int().min(1).max(1000).optional() }),
  hints: {
    unit: { question: "Whose journal should be shown?", choicesFrom: "services" },
    lines: { question: "How many lines?" },
  },
  risk: { base: "low", rules: [] },
  examples: [
    "show the journal of {unit}",
    "show the log of {unit}",
    "show the last {lines} lines of the journal of {unit}",
    "show the last {lines} lines of the log of {unit}",
    "show {lines} lines of the log of {unit}",
    "show {unit}'s log",
    "what did {unit} log",
    "what does the journal of {unit} say",
    "log of {unit}",
  ],
  words: ["logs", "journalctl", "messages", "syslog", "errors", "entries", "tail"],
  defaults: (_facts, variables): Variables => (variables["lines"] === undefined ? { lines: 100 } : {}),
  undo: "none",
  timeoutSeconds: 60,
});
