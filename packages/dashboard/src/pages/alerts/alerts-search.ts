import type { AlertKind, AlertStatus, Severity } from "@steward/contracts/alert";

/** What the page's address says: every view of it has a link. */
export interface AlertsSearch {
  /** Absent: those that are so now, acknowledged ones too. */
  status?: AlertStatus;
  severity?: Severity;
  /** The kind: silent, unwell, many at once. */
  about?: AlertKind;
  /** Of one machine: its id. */
  node?: string;
  /** Also of machines behind a gateway that is silent itself. */
  suppressed?: boolean;
  /** The one that is open beside the list. */
  alert?: string;
  /** Whose that one is, where the list is of all tenants. */
  of?: string;
  q?: string;
  sort?: string;
  columns?: string;
}
