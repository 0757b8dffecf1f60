import { homedir } from "node:os";
import { profilesPath } from "@steward/contracts/profile";
import { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));

const schema = z.object({
  STEWARD_CONFIG_DIR: text,
  XDG_CONFIG_HOME: text,
  STEWARD_PROFILE: text,
  STEWARD_TENANT: text,
  STEWARD_TOKEN: text,
  STEWARD_API_URL: text.pipe(z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional()),
});

export interface Env {
  profilesFile: string;
  profile?: string;
  tenant?: string;
  apiUrl?: string;
  /** A service token, for scripts. */
  token?: string;
}

/** The CLI's whole environment, read once. Throws with every problem at once. */
export function readEnv(source: Record<string, string | undefined> = process.env): Env {
  const parsed = schema.safeParse(source);
  if (!parsed.success) {
    throw new CliError(exitCodes.usage, "The environment is not right", {
      fields: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
    });
  }
  const env = parsed.data;
  return {
    profilesFile: profilesPath({
      home: homedir(),
      ...(env.STEWARD_CONFIG_DIR === undefined ? {} : { stewardConfigDir: env.STEWARD_CONFIG_DIR }),
      ...(env.XDG_CONFIG_HOME === undefined ? {} : { xdgConfigHome: env.XDG_CONFIG_HOME }),
    }),
    ...(env.STEWARD_PROFILE === undefined ? {} : { profile: env.STEWARD_PROFILE }),
    ...(env.STEWARD_TENANT === undefined ? {} : { tenant: env.STEWARD_TENANT }),
    ...(env.STEWARD_TOKEN === undefined ? {} : { token: env.STEWARD_TOKEN }),
    ...(env.STEWARD_API_URL === undefined ? {} : { apiUrl: env.STEWARD_API_URL }),
  };
}
