import { execFileSync } from "node:child_process";
import { z } from "zod";
import { root } from "../run.ts";

/** What `dist/` was built from: kept beside it, so that a deploy can tell whether that is what was reviewed. */
export const buildSourceFile = "dist/source.json";

const buildSourceSchema = z.strictObject({
  commit: z.string(),
  /** No file differed from the commit, and none was there that it does not know. */
  clean: z.boolean(),
});
export type BuildSource = z.infer<typeof buildSourceSchema>;

/** Undefined where nothing readable says it. */
export function parseBuildSource(text: string): BuildSource | undefined {
  try {
    return buildSourceSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Of this checkout, now. Undefined outside of git. */
export function currentSource(): BuildSource | undefined {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), clean: git("status", "--porcelain", "--untracked-files=all") === "" };
  } catch {
    return undefined;
  }
}
