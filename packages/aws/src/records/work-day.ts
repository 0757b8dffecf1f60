import type { Lane } from "@steward/contracts/names";
import type { JobState } from "@steward/core/job/job-state";
import { type Item, queryItems, type Table } from "../table.ts";
import { changeItem } from "./change.ts";
import * as states from "./state.ts";

/*
 * Where work ran, day by day (UTC): once for all tenants together, once for each tenant. Like a lane's minutes a
 * statistic: one addition to each after a job's attempt has ended.
 */

export interface WorkPlace {
  /** Who did it: a worker, or the function that asks Claude. */
  workerId: string;
  lane: Lane;
  tier: JobState["tier"];
  model: string;
}
export interface WorkCounts {
  jobs: number;
  failures: number;
  tokens: number;
  serviceMs: number;
  /** Millionths of a US dollar. */
  costMicros: number;
}
export interface DayOfWork extends WorkPlace, WorkCounts {
  day: string;
}
const countNames = ["jobs", "failures", "tokens", "serviceMs", "costMicros"] as const satisfies (keyof WorkCounts)[];

/** A window is 31 days at most. */
const keptMs = 40 * 86_400_000;
/** Of one answer: a worker has a handful of lanes and models a day. */
const mostPerDay = 1_000;
const mostPerTenant = 5_000;

const systemKey = (day: string, rest: string) => ({ pk: `SYS#WORK#${day}`, sk: rest });
const tenantKey = (tenantId: string, day: string, rest: string) => ({ pk: `T#${tenantId}#WORK`, sk: `${day}#${rest}` });
/** A model's name is whatever its host says: it must not look like a part of the key. */
const restOf = ({ workerId, lane, tier, model }: WorkPlace) =>
  `${workerId}#${lane}#${tier}#${encodeURIComponent(model.slice(0, 120))}`;

export async function countWork(
  table: Table,
  work: { tenantId: string; day: string; place: WorkPlace; counts: Partial<WorkCounts>; nowMs: number },
): Promise<void> {
  const { tenantId, day, place, counts, nowMs } = work;
  const added = countNames.filter((name) => (counts[name] ?? 0) !== 0);
  if (added.length === 0) return;
  const rest = restOf(place);
  await Promise.all(
    [systemKey(day, rest), tenantKey(tenantId, day, rest)].map((key) =>
      changeItem(
        table,
        "count work",
        {
          key,
          UpdateExpression: `ADD ${added.map((name) => `#${name} :${name}`).join(", ")} SET expiresAtS = :expiresAtS`,
          ExpressionAttributeNames: Object.fromEntries(added.map((name) => [`#${name}`, name])),
          ExpressionAttributeValues: {
            ...Object.fromEntries(added.map((name) => [`:${name}`, counts[name]])),
            ":expiresAtS": states.ttl(nowMs + keptMs),
          },
        },
        { impatient: true },
      ),
    ),
  );
}

export interface WorkRead {
  items: DayOfWork[];
  more: boolean;
}

/** What all tenants' jobs took, on each of these days. */
export async function readWork(table: Table, days: readonly string[]): Promise<WorkRead> {
  const found = await Promise.all(
    days.map(async (day) => {
      const read = await queryItems(table, states.queryOf({ pk: systemKey(day, "").pk }), { limit: mostPerDay });
      return { more: read.more, items: read.items.map((item) => dayOf(day, String(item["sk"]), item)) };
    }),
  );
  return { items: found.flatMap(({ items }) => items), more: found.some(({ more }) => more) };
}

/** The same of one tenant's jobs, since a day. */
export async function readTenantWork(
  table: Table,
  { tenantId, since }: { tenantId: string; since: string },
): Promise<WorkRead> {
  const query = states.queryOf({ pk: tenantKey(tenantId, "", "").pk, behind: since }, { newestFirst: true });
  const { items, more } = await queryItems(table, query, { limit: mostPerTenant });
  const read = items.map((item) => {
    const [day = "", ...rest] = String(item["sk"]).split("#");
    return dayOf(day, rest.join("#"), item);
  });
  return { items: read, more };
}

function dayOf(day: string, rest: string, item: Item): DayOfWork {
  const [workerId = "", lane = "", tier = "", model = ""] = rest.split("#");
  return {
    day,
    workerId,
    lane: lane as Lane,
    tier: tier as JobState["tier"],
    model: decodeURIComponent(model),
    jobs: Number(item["jobs"] ?? 0),
    failures: Number(item["failures"] ?? 0),
    tokens: Number(item["tokens"] ?? 0),
    serviceMs: Number(item["serviceMs"] ?? 0),
    costMicros: Number(item["costMicros"] ?? 0),
  };
}
