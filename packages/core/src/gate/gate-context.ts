import type { Role } from "@steward/contracts/roles";
import type { Source } from "@steward/contracts/source";
import type { TenantStatus } from "@steward/contracts/tenant";

/** Of the schedule that asked for a plan. */
export interface ScheduleContext {
  /** More targets than that take a person who looks at them. */
  maxTargets: number;
  /** What the signed standing approval says; and the rest as it is now. */
  standing?: {
    standingHash: string;
    /** Computed from the plan, with the selector and the cap that were signed. */
    recomputedHash: string;
    cap: number;
    expiresAtMs: number;
    /** The schedule has it still: it was neither revoked nor voided by a change. */
    isInForce: boolean;
    approver: { id: string; role: Role | undefined };
  };
}

/** Everything that the gate looks at, as it is now. */
export interface GateContext {
  nowMs: number;
  /** At which of the four moments it is asked. */
  moment: "plan" | "approval" | "doorbell" | "start";
  tenantId: string;
  /** Undefined: there is no such tenant. */
  tenantStatus: TenantStatus | undefined;
  /** What made it be asked for. */
  source: Source;
  /** Who asked for the plan, with the role as read now. Undefined: gone, or without a grant. */
  requester: {
    /** A person: whoever asked, or the maker of the service token that did. */
    id: string;
    role: Role | undefined;
    /** Where a token asked: the role of its maker, who is the one to confirm. */
    personRole?: Role | undefined;
  };
  /** Who approves, at the moment `approval`; later, who did, with the role as read now. */
  approver?: { id: string; role: Role | undefined; confirmation?: string };
  /** What the schedule that asked for it allows. */
  schedule?: ScheduleContext;
  /** People of the tenant who could approve a `high` plan, the requester excluded. */
  otherApprovers: number;
  /** The plan came from words (matcher or model). */
  fromWords: boolean;
  /** The hashes as computed now from the plan, and the one that the approval cites. */
  recomputed: { contentHash: string; planHash: string };
  approvedPlanHash?: string;
  /** Approved earlier (at the moments `doorbell` and `start`). */
  approved: boolean;
  /** The release now in force, and its digests. */
  release: { version: number; expiresAtMs: number; actions: Record<string, string> };
  freezes: { reason: string; untilMs: number }[];
  /** The targets as they are now. */
  targets: {
    id: string;
    name: string;
    tenantId: string;
    confirmed: boolean;
    quarantined: boolean;
    revoked: boolean;
    removed: boolean;
  }[];
}
