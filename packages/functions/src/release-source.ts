import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { type ReleaseContent, releaseContentSchema } from "@steward/contracts/release";
import { once } from "./once.ts";

/** What `publish` publishes: the release, and of its bundles those that are at hand. */
export interface ReleaseSource {
  release: ReleaseContent;
  bundles: { digest: string; bytes: Uint8Array }[];
  /** Builds of agent and worker that the release lists, as far as they are at hand. */
  builds: { digest: string; bytes: Uint8Array }[];
}

/**
 * Files that the build puts beside the entry point of `bootstrap`. A stage with a file of its own publishes what that
 * pins (its channel is `committed`); every other stage publishes the newest.
 */
export const releaseFiles = {
  newest: "release.json",
  committed: (stage: string) => `releases/${stage}.json`,
  bundle: (digest: string) => `bundles/${digest}.tar.gz`,
  build: (digest: string) => `builds/${digest}.mjs`,
};

/**
 * The release of an artifact, from the files in `directory`; or, where the function runs from the sources and there are
 * none, of the catalogue that lies beside it. A stage's own file that cannot be read is an error and never the newest.
 */
export async function readReleaseSource(directory: string, stage: string): Promise<ReleaseSource> {
  const committed = await readIfThere(join(directory, releaseFiles.committed(stage)));
  const text = committed ?? (await readIfThere(join(directory, releaseFiles.newest)));
  if (text === undefined) {
    if (import.meta.filename.endsWith(".ts")) return buildFromSources();
    throw new AppError("internal", "this build of bootstrap has no release beside it", {
      next: "Deploy what npm run build makes.",
      retryable: false,
    });
  }
  const release = releaseContentSchema.parse(JSON.parse(text.toString("utf8")));
  // A damaged file is as good as none: the bucket may have it. Else publishing refuses where a bundle is missing; a
  // build that is missing is seen by whoever wants to upgrade to it.
  const atHand = async (digests: Iterable<string>, fileOf: (digest: string) => string) => {
    const found = [];
    for (const digest of new Set(digests)) {
      const bytes = await readIfThere(join(directory, fileOf(digest)));
      if (bytes !== undefined && sha256Hex(bytes) === digest) found.push({ digest, bytes });
    }
    return found;
  };
  const bundles = await atHand(
    release.actions.map(({ bundle }) => bundle),
    releaseFiles.bundle,
  );
  const builds = await atHand(Object.values(release.agents), releaseFiles.build);
  return { release, bundles, builds };
}

/** Once for each process, which does not see its own sources change either: keys are rotated by publishing again and again. */
const buildFromSources = once(async (): Promise<ReleaseSource> => {
  const [{ buildAllBundles }, { newestRelease }] = await Promise.all([
    import("@steward/catalogue/bundle"),
    import("@steward/catalogue/release-content"),
  ]);
  const bundles = await buildAllBundles();
  return { release: newestRelease(bundles), bundles: [...bundles.values()], builds: [] };
});

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
