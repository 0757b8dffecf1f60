import type { Facts } from "@steward/contracts/actions";
import type { Condition, Gpu, Health, Metrics, Pulling } from "@steward/contracts/heartbeat";
import type { Doorbell, NodeKind } from "@steward/contracts/node";
import type { Versioned } from "../versioned.ts";

export interface NodeState extends Versioned {
  tenantId: string;
  nodeId: string;
  kind: NodeKind;
  name: string;
  hostname: string;
  tags: string[];
  /** As it was enrolled: with `ssm` it is registered there. */
  doorbell: Doorbell;
  /** Its configuration has it called otherwise. */
  calledBy?: Doorbell;
  /** As of the last transition. */
  health: Health;
  healthSinceMs: number;
  /** Epoch of the transition that set `health`; an older one changes nothing. */
  healthEpoch: number;
  /** What it is not healthy for, as of the same transition; of a silent node what it was when it was last heard. */
  causes?: { part: string; level: "warning" | "critical" }[];
  /** Alerts that its health has opened within an hour; `left`: there were too many, and some were left out. */
  openings?: { sinceMs: number; count: number; left?: true };
  /** What is set for this node alone. */
  thresholds?: Partial<Thresholds>;
  keyFingerprint: string;
  /** A person compared the key's fingerprint. Nothing runs on the node before. */
  confirmedAtMs?: number;
  confirmedBy?: string;
  /** Somebody used its enrolment token with another key: nothing runs until a person looks. */
  quarantinedAtMs?: number;
  /** A person shut it out: none of its certificates counts any more. */
  revokedAtMs?: number;
  revokedReason?: string;
  createdAtMs: number;
  updatedAtMs: number;
  removedAtMs?: number;
}

/** How an appliance is told of work now. */
export function doorbellOf(node: Pick<NodeState, "doorbell" | "calledBy">): Doorbell {
  return node.calledBy ?? node.doorbell;
}

/** Thresholds `[warning, critical]` per metric. */
export interface Thresholds {
  cpuPercent: readonly [number, number];
  memoryPercent: readonly [number, number];
  diskPercent: readonly [number, number];
  loadAverage1m: readonly [number, number];
}

/** The one small hot record of a node: one update per heartbeat, under 1 KB. No index, no version: its condition is the sequence. */
export interface PresenceState {
  v: 1;
  nodeId: string;
  tenantId: string;
  kind: NodeKind;
  /** 0 before the first heartbeat. */
  sequence: number;
  lastSeenAtMs: number;
  /** The interval that the node says it keeps. */
  intervalSeconds: number;
  /** The last three metric sets, newest first. */
  m1?: Metrics;
  m2?: Metrics;
  m3?: Metrics;
  /** What it says is wrong with it, as `keepConditions` keeps it. */
  conditions?: Condition[];
  agentVersion?: string;
  factsDigest?: string;
  /** The revision of its configuration that the node says it keeps to. Absent: it has not said since this is kept. */
  configRevision?: number;
  capacity?: { slots: number; used: number };
  models?: string[];
  gpus?: Gpu[];
  draining?: boolean;
  pulling?: Pulling;
  /** sha256 of the certificates that are accepted now. */
  certificate: {
    current: string;
    next?: string;
    revoked: boolean;
    /** When the newest of them ends. */
    expiresAtMs?: number;
  };
  directive: {
    intervalSeconds: number;
    configRevision: number;
    pendingRuns: string[];
    thresholds?: Partial<Thresholds>;
  };
  /**
   * The health that was told to the rest of the house, and what it is for: the level of each metric, and a digest of the
   * conditions. Absent: all well. One epoch has one announcement.
   */
  announced: { level: Health; epoch: number; metrics?: readonly number[]; conditions?: number };
}

export interface FactsState {
  v: 1;
  tenantId: string;
  nodeId: string;
  facts: Facts;
  digest: string;
  updatedAtMs: number;
}
