import { AppError } from "@steward/contracts/errors";
import { z } from "zod";

const schema = z.object({
  /** The folder of the enrolled node. */
  STEWARD_STATE_DIR: z.string().min(1).default("/var/lib/steward-agent"),
  /** PEM file of the CA of the nodes door, where it is not a public one. */
  STEWARD_SERVER_CA_FILE: z.string().min(1).optional(),
  /** `ansible` changes this machine; `simulate` shows what would run. */
  STEWARD_EXECUTOR: z.enum(["ansible", "simulate"]).default("ansible"),
  /** The program that runs playbooks. */
  STEWARD_ANSIBLE_PLAYBOOK: z.string().min(1).default("ansible-playbook"),
});

export type AgentEnv = z.output<typeof schema>;
/** The names of all variables that mean something to the agent. */
export const agentVariables: readonly string[] = Object.keys(schema.shape);

/** The agent's whole environment, read once. Throws with every problem at once. */
export function readEnv(source: Record<string, string | undefined> = process.env): AgentEnv {
  const set = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", "the agent's environment is not right", {
    fields: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  });
}
