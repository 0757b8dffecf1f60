import type { Facts, Variables } from "@steward/contracts/actions";

/** One step of a plan on this appliance. What it names has been verified: this is the last place before it happens. */
export interface StepRequest {
  runId: string;
  attempt: number;
  /** Position in the plan, from 0. With the run's id it names the record that an undo restores from. */
  stepIndex: number;
  actionId: string;
  /** File name in `bundleDir`, without the extension. */
  playbook: string;
  /** The action's bundle, verified and unpacked: `<playbook>.yml` and `roles/`. */
  bundleDir: string;
  variables: Variables;
  /** Values that only this step is given, as `secrets.<name>`. In a preview they are made up. */
  secrets?: Readonly<Record<string, string>>;
  mode: "apply" | "check" | "undo";
  /** As many `-v`. */
  verbosity: 0 | 1 | 2 | 3 | 4;
  timeoutSeconds: number;
}

export interface StepOutcome {
  status: "succeeded" | "failed" | "simulated";
  /** Tasks that changed something, or would have (`check`). */
  changed: number;
  failedTasks: number;
  unreachable?: boolean;
  timedOut?: boolean;
  /** What a `read` found. */
  result?: unknown;
  /** What changed, or would have, with how (`check`). Not yet looked through for secrets. */
  changes?: { task: string; diff?: string | undefined }[];
  /** Which of the step's secrets the playbook says it used. */
  secrets?: string[];
  /** The step is done when the machine has started again, which is the caller's to bring about (`Executor.boot`). */
  wantsReboot?: boolean;
  /** The step is done when the agent itself is this version, or the `newest` of the release: the caller's to bring about. */
  wantsUpgrade?: string;
  /** How long its tasks took, the longest first. */
  slowest?: { task: string; durationMs: number }[];
  /** For people: what failed and why, at most 2000 characters. */
  reason?: string;
}

/** The machine's life, from one start to the next. */
export interface Boot {
  /** Another one after every start. Throws while the machine cannot say. */
  id(): Promise<string>;
  /** Makes the machine start again. Resolves when it has been told to; asking twice is harmless. */
  restart(): Promise<void>;
}

/** Takes what is printed. A promise: whoever prints waits until there is room again. */
export type Output = (chunk: Uint8Array) => unknown;

export interface Executor {
  readonly name: "ansible" | "simulate";
  /**
   * Runs one step to its end. `output` gets what a person would have seen, as it comes. A failing step is an outcome;
   * only what kept the step from being tried throws. After an abort nothing of the step runs any more.
   */
  run(step: StepRequest, output: Output, signal: AbortSignal): Promise<StepOutcome>;
  facts(): Promise<Facts>;
  /** Absent where nothing starts again: a simulation. */
  boot?: Boot;
  close(): Promise<void>;
}
