import { z } from "zod";
import { defineAction } from "../define-action.ts";

/** An older version may be in no archive any more, and may not read what the newer one has written: there is no undo. */
export const packagesUpdate = defineAction({
  id: "packages.update",
  title: "Bring the installed packages up to date",
  kind: "command",
  playbook: "packages_update",
  variables: z.strictObject({ securityOnly: z.boolean().optional() }),
  hints: {
    securityOnly: {
      question: "Only what mends security holes?",
      flagWords: ["only the security", "only security", "security"],
    },
  },
  risk: { base: "medium", rules: [] },
  examples: [
    "update the packages",
    "update all packages",
    "install the updates",
    "install all available updates",
    "upgrade the system",
    "bring the packages up to date",
    "apply the updates",
    "update the operating system",
  ],
  words: [
    "apt",
    "apt-get",
    "upgrades",
    "versions",
    "patches",
    "newest",
    "fixes",
    "software",
    "available",
    "run",
    "holes",
    "everything",
  ],
  undo: "none",
  timeoutSeconds: 3600,
});
