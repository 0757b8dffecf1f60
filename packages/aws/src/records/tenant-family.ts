import type { ExportedKind } from "@steward/contracts/tenant";
import { type Item, queryItems, type Table } from "../table.ts";
import { unpackLists } from "./packed-lists.ts";
import * as states from "./state.ts";

/*
 * Everything that lies below `T#<tenant>#`. An export reads it by this table; a test holds the table to the records'
 * files, so that a new kind of record is exported or said not to be, and why.
 */

/** The partitions that an export has, and what their records are called there. Runs have one for each rollout. */
export const exportedFamily = {
  NODE: "node",
  FACTS: "facts",
  CONFIG: "configuration",
  FREEZE: "freeze",
  POLICY: "policy",
  WINDOW: "window",
  SCHEDULE: "schedule",
  NOTIFICATION: "notification",
  ALERT: "alert",
  ALERTING: "alerting",
  TASK: "task",
  JOB: "job",
  ROLLOUT: "rollout",
  RUN: "run",
  AUDIT: "audit",
} as const satisfies Record<string, ExportedKind>;
export type FamilyPartition = keyof typeof exportedFamily;

/** What an export leaves out, and why. */
export const notExported: Readonly<Record<string, string>> = {
  TENANT: "the tenant itself: read for every export, and its first line",
  IDEMPOTENCY: "answers that are kept for a day, of which the records say the same",
  CERTIFICATE: "an index over certificates: a machine's are exported with it, a person's browser is the person's",
  ANSWER: "what a question is answered from, and the draft of an answer: gone within days; the task has the answer",
  VAULT: "which secrets the tenant has put in: an export has none, and a name without its value is none",
  SECRET: "what runs have made for somebody to open: gone within two days; the trail says who opened what",
  LIMIT: "what is used of its quotas: counted from the records, and only for as long as it counts",
  APPLIANCE: "an index over runs",
  HELD: "an index over jobs",
  GATE: "marks that change with every rule of the gate: they say that something changed, the records say what",
  SIGNEDCONFIG: "the newest configuration once more, as the appliance is given it",
  NOTICE: "what was to be told of a task, for a month: the task itself says it",
  WORK: "sums of a day: counted from the jobs, which are exported",
  FLEET: "whether many machines are silent at once: an alert says so",
  HISTORY: "means of metrics for a week: what plots show",
  LIVE: "an index over runs that have not ended",
};

export interface FamilyRecord {
  id: string;
  record: Record<string, unknown>;
}

/** At most `limit` records of a partition by sort key, strongly consistent. `rolloutId`: whose runs. */
export async function listFamily(
  table: Table,
  place: {
    tenantId: string;
    partition: FamilyPartition;
    rolloutId?: string;
    after?: string | undefined;
    limit: number;
  },
): Promise<FamilyRecord[]> {
  const { tenantId, partition, rolloutId, after = states.beforeAllIds, limit } = place;
  // A rollout's runs lie under the ULID that they share with it.
  const part = rolloutId === undefined ? partition : `${partition}#${rolloutId.slice(rolloutId.indexOf("_") + 1)}`;
  const { items } = await queryItems(
    table,
    states.queryOf({ pk: `T#${tenantId}#${part}`, behind: after }, { consistent: true }),
    { limit },
  );
  return items.map((item) => ({ id: String(item["sk"]), record: contentOf(item) }));
}

/** The state as core knows it; of what has none, all that is neither a key nor the table's own. */
function contentOf({ state, ...item }: Item): Record<string, unknown> {
  if (typeof state === "object" && state !== null) return unpackLists(state as Record<string, unknown>, item["lists"]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => !own.test(name)));
}
const own = /^(pk|sk|gsi\d[ps]k|due[ps]k|writeId\w*|expiresAtS|version)$/;
