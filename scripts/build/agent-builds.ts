import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { agentVersion } from "@steward/agent/version";
import type { ReleaseContent } from "@steward/contracts/release";

/** The agent that `buildNodes` wrote below `distDir`, as a release lists it: version → sha256. */
export function agentBuilds(distDir: string): ReleaseContent["agents"] {
  const bytes = readFileSync(join(distDir, "agent/steward-agent.mjs"));
  return { [agentVersion]: createHash("sha256").update(bytes).digest("hex") };
}
