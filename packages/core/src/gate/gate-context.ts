import type { actionKinds } from "@steward/contracts/actions";
import type { Role } from "@steward/contracts/roles";
import type { Source } from "@steward/contracts/source";
import type { TaskStatus } from "@steward/contracts/states";
import type { TenantStatus } from "@steward/contracts/tenant";
import type { ForbidRule, TenantPolicy } from "@steward/contracts/tenant-policy";
import type { WindowKind } from "@steward/contracts/window";
import type { SpansNow } from "./spans-at.ts";

export const moments = ["plan", "approval", "doorbell", "start"] as const;
export type Moment = (typeof moments)[number];

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
  moment: Moment;
  tenantId: string;
  /** Undefined: there is no such tenant. */
  tenantStatus: TenantStatus | undefined;
  /** What made it be asked for. */
  source: Source;
  /** Who asked for the plan, with the role as read now. Undefined: gone, or without a grant. */
  requester: {
    /** A person: whoever asked, the maker of the service token that did, or the author of the schedule. */
    id: string;
    role: Role | undefined;
    /** Where a token asked: the role of its maker, who is the one to confirm. */
    personRole?: Role | undefined;
  };
  /** Who approves, at the moment `approval`; later, who did, with the role as read now. */
  approver?: {
    id: string;
    role: Role | undefined;
    confirmation?: string;
    /** Later: whether the approver was alone then and retyped the name. Absent: of a yes from before this was kept. */
    retyped?: boolean;
  };
  /** What the schedule that asked for it allows. */
  schedule?: ScheduleContext;
  /** People of the tenant who could approve a `high` plan, or could until somebody took it from them lately; the requester excluded. */
  otherApprovers: number;
  /** Who may not be the second person, and why: whoever has changed the policy lately, and whom the requester has let in. */
  barred: { id: string; why: string }[];
  /** The plan came from words (matcher or model). */
  fromWords: boolean;
  /** Whoever asked wants to say yes to the plan, even where nobody's is needed. */
  confirm?: boolean;
  /** The hashes as computed now from the plan, and the one that the approval cites. */
  recomputed: { contentHash: string; planHash: string };
  approvedPlanHash?: string;
  /** Approved earlier (at the moments `doorbell` and `start`). */
  approved: boolean;
  /** The release now in force, its digests, and what kind of thing each action is. */
  release: {
    version: number;
    expiresAtMs: number;
    actions: Record<string, string>;
    kinds: Record<string, (typeof actionKinds)[number]>;
  };
  freezes: { reason: string; untilMs: number }[];
  /** Maintenance windows and blackouts, as they are now. */
  windows: WindowNow[];
  /** What the tenant asks of its changes; `active`: whether a rule's own time is now. */
  policy: Omit<TenantPolicy, "forbid"> & { forbid: (ForbidRule & { active: boolean })[] };
  /** How many appliances the tenant has; read where the policy limits the share that one change may reach. */
  fleet?: number;
  /** The newest preview of this plan. */
  preview?: { endedAtMs: number; contentHash: string; status: TaskStatus };
  /** Who passes over what may be passed over, with the role as read now. */
  breakGlass?: { by: string; name: string; role: Role | undefined; reason: string };
  /** The targets as they are now. */
  targets: {
    id: string;
    name: string;
    tenantId: string;
    tags: readonly string[];
    confirmed: boolean;
    quarantined: boolean;
    revoked: boolean;
    removed: boolean;
  }[];
}

export interface WindowNow extends SpansNow {
  id: string;
  kind: WindowKind;
  name: string;
  /** For appliances with one of these tags; absent: for all. */
  tags?: readonly string[];
  readsToo?: boolean;
}
