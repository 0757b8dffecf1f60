import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type ProfilesFile, profilesFileSchema } from "@steward/contracts/profile";
import { CliError, exitCodes } from "./exit-codes.ts";
import { withFileLock } from "./file-lock.ts";

/** The stored profiles, or undefined where there are none yet. */
export async function readProfiles(path: string): Promise<ProfilesFile | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CliError(exitCodes.failed, `${path} cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  const parsed = profilesFileSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new CliError(exitCodes.failed, `${path} is not a file of profiles`, {
    fields: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
    next: "Correct it, or delete it and sign in again: steward login <link>",
  });
}

/** Replaces the file by `change(what is in it)`, alone: no other command changes it meanwhile. Returns what it wrote. */
export async function updateProfiles(
  path: string,
  change: (now: ProfilesFile | undefined) => ProfilesFile | Promise<ProfilesFile>,
): Promise<ProfilesFile> {
  return withFileLock(path, async () => {
    const next = profilesFileSchema.parse(await change(await readProfiles(path)));
    await writeProfiles(path, next);
    return next;
  });
}

/** Forgets a profile; false where there is none. With the last one the file goes; another one becomes the current one. */
export async function removeProfile(path: string, name: string): Promise<boolean> {
  return withFileLock(path, async () => {
    const now = await readProfiles(path);
    if (now?.profiles[name] === undefined) return false;
    const { [name]: _gone, ...profiles } = now.profiles;
    const [first] = Object.keys(profiles);
    if (first === undefined) await rm(path, { force: true });
    else await writeProfiles(path, { current: now.current === name ? first : now.current, profiles });
    return true;
  });
}

/** Whole or not at all: written aside (0600), flushed, renamed. Readers need no lock. */
async function writeProfiles(path: string, file: ProfilesFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${crypto.randomUUID()}`;
  try {
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
