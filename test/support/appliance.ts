import { execFile, execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Action, Variables } from "@steward/contracts/actions";
import { createAnsibleExecutor } from "../../packages/agent/src/executor/ansible-executor.ts";
import type { StepOutcome, StepRequest } from "../../packages/agent/src/executor/executor.ts";
import { cleanEnvironment } from "../../packages/agent/src/executor/sandbox.ts";
import { sandboxPlace } from "../../packages/agent/src/executor/sandbox-place.ts";
import type { SandboxRoot } from "../../packages/agent/src/executor/sandbox-root.ts";
import { buildBundle } from "../../packages/catalogue/src/bundle.ts";

interface RunOptions {
  runId?: string;
  stepIndex?: number;
  mode?: StepRequest["mode"];
  timeoutSeconds?: number;
  secrets?: Record<string, string>;
  verbosity?: StepRequest["verbosity"];
}

export interface TestAppliance {
  /** Runs an action as the agent would: from its bundle, through the executor. */
  run(action: Action, variables: Variables, options?: RunOptions): Promise<StepOutcome & { output: string }>;
  /** Runs a command inside, as root; answers what it printed. Throws if it fails. */
  inside(command: string): Promise<string>;
  place: ReturnType<typeof sandboxPlace>;
  executor: ReturnType<typeof createAnsibleExecutor>;
  directory: string;
  close(): Promise<void>;
}

/** An appliance in a sandbox of its own, whose state goes with it. */
export async function createAppliance(root: SandboxRoot, hostname = "test-appliance"): Promise<TestAppliance> {
  // Beside the root: a temporary directory may be a file system that no overlay can be laid on.
  const parent = join(root.fileSystem, "..", "..", "test");
  await mkdir(parent, { recursive: true });
  const directory = await mkdtemp(join(parent, "appliance-"));
  const place = sandboxPlace({ root, directory: join(directory, "state"), hostname });
  const executor = createAnsibleExecutor({ place });
  return {
    place,
    executor,
    directory,
    async run(action, variables, options = {}) {
      const bundleDir = join(directory, "bundles", action.id);
      await unpack((await buildBundle(action)).bytes, bundleDir);
      let output = "";
      const outcome = await executor.run(
        {
          runId: options.runId ?? `run-${randomUUID()}`,
          attempt: 1,
          stepIndex: options.stepIndex ?? 0,
          actionId: action.id,
          playbook: action.playbook,
          bundleDir,
          variables,
          ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
          mode: options.mode ?? "apply",
          verbosity: options.verbosity ?? 0,
          timeoutSeconds: options.timeoutSeconds ?? action.timeoutSeconds,
        },
        (chunk) => {
          output += Buffer.from(chunk).toString();
        },
        new AbortController().signal,
      );
      return { ...outcome, output };
    },
    async inside(command) {
      const { file, args } = await place.command(["sh", "-c", command]);
      return (await promisify(execFile)(file, args, { cwd: "/", env: cleanEnvironment, timeout: 30_000 })).stdout;
    },
    async close() {
      await executor.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function unpack(bundle: Uint8Array, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  execFileSync("tar", ["-xz", "-C", directory], { input: bundle });
}
