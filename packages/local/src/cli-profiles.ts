import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "@steward/contracts/errors";
import { type Profile, type ProfilesFile, profilesFileSchema } from "@steward/contracts/profile";

/**
 * Puts these profiles into the CLI's file (0600) and leaves all others as they are. The first becomes the current one,
 * unless the current one is somebody else's.
 */
export function writeProfiles(file: string, profiles: Record<string, Profile>): void {
  const existing = readProfiles(file);
  const first = Object.keys(profiles)[0] ?? "local";
  const next: ProfilesFile = {
    current: existing?.current ?? first,
    profiles: { ...existing?.profiles, ...profiles },
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, `${JSON.stringify(profilesFileSchema.parse(next), null, 2)}\n`, { mode: 0o600, flush: true });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}

function readProfiles(file: string): ProfilesFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return profilesFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("unavailable", `${file} is not a file of CLI profiles`, {
      cause,
      next: "correct it or delete it, and start again",
    });
  }
}
