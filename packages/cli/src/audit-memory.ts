import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const rememberedSchema = z.strictObject({
  /** sha256 of the root's public key. */
  root: digest.optional(),
  /** The newest trust document of that root. */
  trustVersion: z.number().int().positive().optional(),
  /** The newest seal of the last verification that found nothing, by tenant (`*`: of everybody's trail). */
  seals: z.record(z.string(), z.strictObject({ sequence: z.number().int().positive(), hash: digest })),
});
export type Remembered = z.infer<typeof rememberedSchema>;
/** By the API's address. */
const memorySchema = z.record(z.string(), rememberedSchema);

/**
 * What this machine knows of installations' trails: whoever rewrites a trail, with whatever keys and rights, cannot
 * rewrite this. It lies beside the profiles.
 */
const fileOf = (profilesFile: string) => join(dirname(profilesFile), "audit.json");

export async function recall(profilesFile: string, apiUrl: string): Promise<Remembered> {
  return (await read(fileOf(profilesFile)))[apiUrl] ?? { seals: {} };
}

/** Replaced by rename; of two commands at once the later one's word stays, and either is right. */
export async function remember(profilesFile: string, apiUrl: string, remembered: Remembered): Promise<void> {
  const file = fileOf(profilesFile);
  const memory = { ...(await read(file)), [apiUrl]: remembered };
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600, flag: "wx", flush: true });
  await rename(draft, file);
}

async function read(file: string): Promise<z.infer<typeof memorySchema>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  try {
    return memorySchema.parse(JSON.parse(text));
  } catch (cause) {
    // Not thrown away: forgetting what was known is what somebody who rewrote a trail would want.
    throw new CliError(exitCodes.failed, `${file} cannot be read`, { cause, next: "Correct it, or move it away." });
  }
}
