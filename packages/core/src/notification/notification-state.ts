import type { Severity } from "@steward/contracts/alert";
import type { NoticeEvent, NotificationEvent, NotificationKind, QuietHours } from "@steward/contracts/notification";
import type { Versioned } from "../versioned.ts";

/** Where a tenant is told of what happens. */
export interface NotificationState extends Versioned {
  tenantId: string;
  notificationId: string;
  name: string;
  kind: NotificationKind;
  /** `https://…`, `mailto:…`, or a topic's ARN. */
  url: string;
  events: NotificationEvent[];
  quietHours?: QuietHours;
  /** Absent: alerts of every severity. */
  leastSeverity?: Severity;
  /** Of an address: sha256 of the code that was sent there. Nothing else is until somebody has read it there. */
  unconfirmed?: string;
  createdBy: string;
  createdAtMs: number;
  removedAtMs?: number;
}

/** How far it is to one receiver. Absent: not tried. */
export interface DeliveryState {
  status: "waiting" | "delivered" | "failed";
  attempts: number;
  lastAttemptAtMs: number;
  /** It is quiet there until then. */
  heldUntilMs?: number;
  reason?: string;
}

/**
 * Something that somebody is to be told. It is written in the transaction of what it tells of, so neither is without the
 * other; `dueAtMs` is when it is to be sent, or sent again.
 */
export interface NoticeState extends Versioned {
  tenantId: string;
  noticeId: string;
  event: NoticeEvent;
  taskId?: string;
  /** Of `alert.…`, with the worst of them. */
  alertIds?: string[];
  severity?: Severity;
  /** Of `confirm`: what is to be read there. */
  code?: string;
  /** Only for this receiver. */
  only?: string;
  createdAtMs: number;
  updatedAtMs: number;
  /** By receiver. */
  deliveries: Record<string, DeliveryState>;
  endedAtMs?: number;
}
