import { charge, intervalUs, type Rate, roomUs } from "@steward/core/limit/token-bucket";
import type { Table } from "../table.ts";
import { type Change, changeItem } from "./change.ts";
import * as states from "./state.ts";

/** Whose calls one bucket counts: a principal's wherever it acts, a tenant's people's, or what comes from one address. */
export interface BucketOwner {
  kind: "principal" | "tenant" | "source";
  id: string;
}

const keyOf = ({ kind, id }: BucketOwner) => ({ pk: `SYS#RATE#${kind}#${id}`, sk: "BUCKET" });

/*
 * One write per call: what `charge` decides is put as an addition or a beginning anew, each with the condition under
 * which it is right whatever others do to the bucket meanwhile. So many instances share a bucket exactly.
 *
 *     A  knows 5 ahead ── +1 ✓ 6
 *     B  knows 5 ahead ───── +1 ✓ 7     (additions do not meet)
 *     C  knows nothing ── begins anew ✗ is told 7 ── +1 ✓ 8
 */

/** idle: the bucket is full, so the new number counts from now. Settles two that both begin anew: the second adds. */
const idle = "attribute_not_exists(paidUntilUs) OR paidUntilUs <= :now";
/** inUse: something is in use and there is room. Settles two that both see the last token: one addition exceeds. */
const inUse = "paidUntilUs > :now AND paidUntilUs <= :last";
/** unchanged: only the number that was seen to be wrong is set right. */
const unchanged = "paidUntilUs = :seen";

export type Charged =
  | { kind: "taken"; paidUntilUs: number }
  | { kind: "refused"; retryInMs: number; paidUntilUs: number };

/** More often than this nobody finds a bucket between full and in use at each try but by a fault. */
const maxTries = 6;

/**
 * Takes one token, or says when there is one. `known`: the number as last seen, which spares a try, and the whole write
 * where it says that the bucket is empty: it only ever grows. Throws `too_many_requests` where its item is throttled.
 */
export async function chargeBucket(
  table: Table,
  { owner, rate, nowMs, known }: { owner: BucketOwner; rate: Rate; nowMs: number; known?: number },
): Promise<Charged> {
  let seen = known;
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const decision = charge(seen, rate, nowMs);
    if (decision.kind === "refused" && seen !== undefined && decision.reset === undefined) {
      return { kind: "refused", retryInMs: decision.retryInMs, paidUntilUs: seen };
    }
    const written = await write(table, owner, rate, nowMs, { decision, seen });
    if ("paidUntilUs" in written) {
      if (decision.kind === "taken") return { kind: "taken", paidUntilUs: written.paidUntilUs };
      return { kind: "refused", retryInMs: decision.retryInMs, paidUntilUs: written.paidUntilUs };
    }
    seen = written.instead;
  }
  return { kind: "refused", retryInMs: 1_000, paidUntilUs: seen ?? nowMs * 1000 };
}

/** Carries a decision out, or answers what stands there instead of what it was made on. */
async function write(
  table: Table,
  owner: BucketOwner,
  rate: Rate,
  nowMs: number,
  { decision, seen }: { decision: ReturnType<typeof charge>; seen: number | undefined },
): Promise<{ paidUntilUs: number } | { instead: number | undefined }> {
  const change = { key: keyOf(owner), ...changeOf(decision, rate, nowMs, seen) };
  const { done, item } = await changeItem(table, "count a call", change, { impatient: true });
  const paidUntilUs = item === undefined ? undefined : Number(item["paidUntilUs"]);
  return done && paidUntilUs !== undefined ? { paidUntilUs } : { instead: paidUntilUs };
}

function changeOf(
  decision: ReturnType<typeof charge>,
  rate: Rate,
  nowMs: number,
  seen: number | undefined,
): Omit<Change, "key"> {
  const now = nowMs * 1000;
  // A full bucket is as good as none; a day keeps clocks and deletions out of it.
  const expiry = { ":expiresAtS": states.ttl(nowMs + 86_400_000) };
  const begin = "SET paidUntilUs = :next, expiresAtS = :expiresAtS";
  if (decision.kind === "refused") {
    const values = { ":next": decision.reset, ":seen": seen, ...expiry };
    return { UpdateExpression: begin, ConditionExpression: unchanged, ExpressionAttributeValues: values };
  }
  if (decision.from === "now") {
    const values = { ":next": decision.paidUntilUs, ":now": now, ...expiry };
    return { UpdateExpression: begin, ConditionExpression: idle, ExpressionAttributeValues: values };
  }
  return {
    UpdateExpression: "SET paidUntilUs = paidUntilUs + :interval, expiresAtS = :expiresAtS",
    ConditionExpression: inUse,
    ExpressionAttributeValues: {
      ":interval": intervalUs(rate),
      ":now": now,
      ":last": now + roomUs(rate),
      ...expiry,
    },
  };
}
