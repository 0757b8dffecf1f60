import type { Profile } from "@steward/contracts/profile";
import type { Outsider } from "./credentials.ts";

export type Role = "cloud" | "host" | "worker" | "fleet" | `agent:${string}`;

/** How the whole thing is to be started. Ports of 0 take any free one. */
export interface StewardOptions {
  /** Everything that survives. */
  stateDir: string;
  stage?: string;
  ports?: { api?: number; nodes?: number; cloud?: number };
  /** Appliances of the demo fleet; 0 for none. */
  appliances?: number;
  /** Each appliance in a process of its own (`agent:<name>`), so that each can be killed alone. */
  separateAgents?: boolean;
  /** Appliances that fall silent or have a full disk. On by default. */
  troubles?: boolean;
  /** False for none. `ollamaHost` as `OLLAMA_HOST` has it. */
  worker?: false | { ollamaHost?: string; env?: Record<string, string> };
  /**
   * A `program` is a test's own in the place of `ansible-playbook`: the real executor runs it outside of any sandbox, with
   * the step's files in its directory and `STEWARD_DISK` naming the appliance's folder. Not to be had on the command line.
   */
  executor?: "auto" | "ansible" | "simulate" | { program: string };
  /** Where `npm run sandbox` put the sandbox's root. */
  sandboxDir?: string;
  /** What nodes are told at enrolment; short, so that a demo feels live. */
  heartbeatIntervalSeconds?: number;
  reconcileSeconds?: number;
  sweepSeconds?: number;
  /** How often it is looked which schedules are due. */
  scheduleSeconds?: number;
  /** How often the audit trail is sealed. */
  sealSeconds?: number;
  /** How long the functions' queue messages stay hidden; each queue's own by default. */
  visibilitySeconds?: number;
  /** The functions as `npm run build` made them (`dist/functions`), in the place of the sources. */
  functionsDir?: string;
  /** Further variables of every function, such as `STEWARD_ANTHROPIC_URL`. */
  functionEnv?: Record<string, string>;
  /**
   * An AWS that runs already and has the stage's resources, in the place of the embedded cloud: another imitation. Its
   * account and region may be other ones (`functionEnv`).
   */
  cloudUrl?: string;
  /** Another DynamoDB than the one that comes along. */
  dynamodbEndpoint?: string;
  compileCacheDir?: string;
  /** Keys for somebody who is no part of Steward, such as a test that reads every record. */
  outsiders?: readonly Outsider[];
  log?: (message: string) => void;
  /** Called with each phase of the start as it is over, with the milliseconds since the start. */
  onPhase?: (phase: string, ms: number) => void;
}

export interface StackTenant {
  /** `acme`, `birch`, `cedar`, `provider` */
  slug: string;
  id: string;
  name: string;
  /** Of its admin; fresh at every start. */
  profile: Profile;
}

/** The running installation. */
export interface Stack {
  apiUrl: string;
  nodesUrl: string;
  cloudUrl: string;
  stateDir: string;
  stage: string;
  tenants: StackTenant[];
  /** `ansible` or `simulate` (or a test's `counting`), and why. */
  executor: { kind: "ansible" | "simulate" | "counting"; why: string };
  /** Milliseconds from the start to the end of each phase. */
  timings: Record<string, number>;
  /** The admin's profile of a tenant: `acme`. */
  profileOf(slug: string): Profile;
  /** Headers of a call by that admin. */
  headersOf(slug: string): Record<string, string>;
  /** `http://…/#login=…`: signs one browser in, once. */
  loginLink(slug?: string): Promise<string>;
  /** Process ids of the children that run now. */
  pids(): Partial<Record<Role, number>>;
  /** SIGKILL. It is started again by itself; `up` waits for that. */
  kill(role: Role): void;
  up(role: Role): Promise<void>;
  close(): Promise<void>;
  /** Ends everything at once. */
  killNow(): void;
}
