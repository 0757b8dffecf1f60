import { z } from "zod";
import { defineAction } from "../define-action.ts";

/**
 * Goes over to a build that the signed release lists, and back where it gets no heartbeat out. By its name only: words
 * about upgrades mean the packages of the machine.
 */
export const agentUpgrade = defineAction({
  id: "agent.upgrade",
  title: "Bring Steward's own agent up to date",
  kind: "command",
  playbook: "agent_upgrade",
  variables: z.strictObject({
    version: z
      .string()
      .regex(/^(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}$/, "must be a version such as 1.4.0")
      .optional(),
  }),
  hints: { version: { question: "Which version? Without one, the newest of the release." } },
  risk: { base: "medium", rules: [] },
  byNameOnly: true,
  examples: [],
  undo: "none",
  timeoutSeconds: 1200,
});
