import { z } from "zod";

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
const schema = z.object({ AWS_PROFILE: text, STEWARD_BREAK_GLASS: text });

/** What the programs of this folder read of the environment. Credentials and addresses are the SDK's to find. */
export function readStageEnvironment(source: Readonly<Record<string, string | undefined>> = process.env): {
  profile: string | undefined;
  /** Why a person deploys by hand what the deploy roles should. */
  breakGlass: string | undefined;
} {
  const env = schema.parse(source);
  return { profile: env.AWS_PROFILE, breakGlass: env.STEWARD_BREAK_GLASS };
}
