import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { agentVersion } from "@steward/agent/version";
import { releaseKey } from "@steward/node-client/choose-build";
import { workerVersion } from "@steward/worker/version";
import type { ReleaseContent } from "@steward/contracts/release";

export interface BuiltProgram {
  /** Under which a release lists it. */
  key: string;
  /** sha256 */
  digest: string;
  bytes: Uint8Array;
}

/** What `buildNodes` wrote below `distDir`. */
export function builtPrograms(distDir: string): BuiltProgram[] {
  return [
    { key: releaseKey("agent", agentVersion), file: "agent/steward-agent.mjs" },
    { key: releaseKey("worker", workerVersion), file: "worker/steward-worker.mjs" },
  ].map(({ key, file }) => {
    const bytes = readFileSync(join(distDir, file));
    return { key, digest: createHash("sha256").update(bytes).digest("hex"), bytes };
  });
}

/** As a release lists them. */
export function listed(programs: readonly BuiltProgram[]): ReleaseContent["agents"] {
  return Object.fromEntries(programs.map(({ key, digest }) => [key, digest]));
}
