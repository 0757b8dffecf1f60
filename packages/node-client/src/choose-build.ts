import { AppError } from "@steward/contracts/errors";

export type Program = "agent" | "worker";

/** A build that the release lists. */
export interface Build {
  version: string;
  sha256: string;
}

/**
 * How a release lists a program's build. An agent's version stands alone, as it always has; other programs' are below
 * their name, where an agent of any age looks past them.
 */
export function releaseKey(program: Program, version: string): string {
  return program === "agent" ? version : `${program}/${version}`;
}

/**
 * The newest build of the release that is newer than the one that runs, or the one that is asked for; undefined where
 * there is nothing to do. Throws `unprocessable` for one that the release does not list, and for an older one: what was
 * mended since must not come back.
 */
export function chooseBuild(options: {
  builds: Readonly<Record<string, string>>;
  program: Program;
  running: string;
  wanted?: string | undefined;
}): Build | undefined {
  const { builds, program, running, wanted } = options;
  if (wanted !== undefined) {
    const sha256 = builds[releaseKey(program, wanted)];
    if (sha256 === undefined || !isVersion(wanted)) {
      throw new AppError("unprocessable", `the release has no build ${wanted} of the ${program}`);
    }
    if (compareVersions(wanted, running) < 0) {
      throw new AppError("unprocessable", `${wanted} is older than ${running}, which runs`);
    }
    return wanted === running ? undefined : { version: wanted, sha256 };
  }
  const prefix = releaseKey(program, "");
  const newer = Object.entries(builds)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, sha256]) => ({ version: key.slice(prefix.length), sha256 }))
    .filter(({ version }) => isVersion(version) && compareVersions(version, running) > 0);
  return newer.toSorted((a, b) => compareVersions(a.version, b.version)).at(-1);
}

function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(text);
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
