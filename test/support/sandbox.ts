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
