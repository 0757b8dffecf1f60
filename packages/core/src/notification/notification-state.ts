import type { NotificationEvent } from "@steward/contracts/notification";
import type { Versioned } from "../versioned.ts";

/** Where a tenant is told of what happens. */
export interface NotificationState extends Versioned {
  tenantId: string;
  notificationId: string;
  name: string;
  kind: "webhook";
  url: string;
  events: NotificationEvent[];
  createdBy: string;
  createdAtMs: number;
  removedAtMs?: number;
}

/** How far it is to one receiver. Absent: not tried. */
export interface DeliveryState {
  status: "waiting" | "delivered" | "failed";
  attempts: number;
  lastAttemptAtMs: number;
  reason?: string;
}

/**
 * Something that somebody is to be told. It is written in the transaction of what it tells of, so neither is without the
 * other; `dueAtMs` is when it is to be sent, or sent again.
 */
export interface NoticeState extends Versioned {
  tenantId: string;
  noticeId: string;
  event: NotificationEvent | "test";
  taskId?: string;
  /** Only for this receiver. */
  only?: string;
  createdAtMs: number;
  updatedAtMs: number;
  /** By receiver. */
  deliveries: Record<string, DeliveryState>;
  endedAtMs?: number;
}
