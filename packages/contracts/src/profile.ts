import { z } from "zod";

/** A name that is easy to type and safe as a key: `local`, `production`, `steward.example.org`. */
export const profileNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, "must be lower-case letters, digits, dots, hyphens");

/**
 * One installation that the CLI can talk to. The access token is a cache; the refresh token is a person's sign-in, and
 * `token` a service token's.
 */
export const profileSchema = z
  .strictObject({
    apiUrl: z.url({ protocol: /^https?$/ }),
    /** The tenant that is meant where none is named. Absent for somebody who must choose (a grant on `*`). */
    tenantId: z.string().optional(),
    refreshToken: z.string().min(1).optional(),
    token: z.string().min(1).optional(),
    accessToken: z.string().optional(),
    accessTokenExpiresAt: z.iso.datetime().optional(),
  })
  .refine((profile) => (profile.refreshToken === undefined) !== (profile.token === undefined), {
    message: "has either a refreshToken or a token",
    path: ["refreshToken"],
  });
export type Profile = z.infer<typeof profileSchema>;

/** `profiles.json`. Readable by its owner only (0600), and replaced by rename, never written in place. */
export const profilesFileSchema = z.strictObject({
  current: profileNameSchema,
  profiles: z.record(profileNameSchema, profileSchema),
});
export type ProfilesFile = z.infer<typeof profilesFileSchema>;

/**
 * Who holds `profiles.json.lock`. Whoever changes the profiles (the CLI, and the supervisor at its start) holds it
 * meanwhile: the file appears by a hard link, so whole and for one of them only. It is left behind when its process is
 * gone or it is older than `profilesLockStaleMs`; then it is renamed away, looked at again and taken anew.
 */
export const profilesLockSchema = z.object({ pid: z.number().int(), atMs: z.number(), id: z.string() });
export const profilesLockStaleMs = 60_000;

/**
 * Where the profiles are: `$STEWARD_CONFIG_DIR/profiles.json`, else `$XDG_CONFIG_HOME/steward/profiles.json`, else
 * `~/.config/steward/profiles.json`. An XDG path that is not absolute is ignored, as its specification asks.
 */
export function profilesPath(where: { stewardConfigDir?: string; xdgConfigHome?: string; home: string }): string {
  if (where.stewardConfigDir) return join(where.stewardConfigDir, "profiles.json");
  const config = where.xdgConfigHome?.startsWith("/") ? where.xdgConfigHome : join(where.home, ".config");
  return join(join(config, "steward"), "profiles.json");
}

function join(folder: string, name: string): string {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}
