import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { vi } from "vitest";
import { findSandboxRoot, type SandboxRoot } from "../../packages/agent/src/executor/sandbox-root.ts";
import { requireOrSkip } from "./require.ts";

// A play takes seconds and a test runs a dozen; on a busy machine that is minutes.
vi.setConfig({ testTimeout: 400_000 });

const found = await findSandboxRoot(join(import.meta.dirname, "..", "..", ".sandbox"));

/** `describe` for tests that run the real Ansible in the sandbox that `npm run sandbox` builds. */
export const describeWithSandbox = requireOrSkip(
  "ansible",
  found.usable,
  found.usable ? "" : `${found.reason}. ${found.next}`,
);

/** Only within `describeWithSandbox`. */
export function sandboxRoot(): SandboxRoot {
  if (!found.usable) throw new Error(found.reason);
  return found.root;
}

/**
 * The options of an installation whose appliances run the real Ansible. Until `vi.unstubAllEnvs` temporary folders lie beside
 * the sandbox's root: the system's own may be on a file system that no overlay can be laid on.
 */
export function withRealAnsible(): { executor: "ansible"; sandboxDir: string } {
  const sandboxDir = join(sandboxRoot().fileSystem, "..", "..");
  const parent = join(sandboxDir, "test");
  mkdirSync(parent, { recursive: true });
  vi.stubEnv("TMPDIR", parent);
  return { executor: "ansible", sandboxDir };
}
