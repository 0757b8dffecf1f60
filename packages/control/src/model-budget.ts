import { randomUUID } from "node:crypto";
import { reserveSpend, settleSpend } from "@steward/aws/records/spend";
import { monthOf } from "@steward/contracts/periods";
import type { JobState } from "@steward/core/job/job-state";
import { budgetMicros, mostMicros, settledMicros } from "@steward/core/limit/model-spend";
import type { Context } from "./context.ts";
import { quotaExceeded, tenantLimitsOf } from "./quotas.ts";

/** Longer than the function that asks may run: whoever has not settled by then has died. */
const reservationMs = 180_000;

export type ModelBudget =
  /** The question may be asked. `settle` puts what it has cost in the place of `usd`, the most that it can cost. */
  | { kind: "reserved"; usd: number; settle: (costUsd: number) => Promise<void> }
  /** The month's budget has no room for it; for the task's people. */
  | { kind: "full"; reason: string };

/**
 * Reserves the most that a question can cost in the tenant's budget for the month, before it is asked: however many ask
 * at once, what is billed is never more than the budget. Whoever dies in between leaves its reservation as spent, because
 * it may well be on the bill. Fails closed: without an answer of the table nothing is asked.
 *
 * What answers a question finds room only while half of the budget is free, whoever has the rest: whoever may ask and no
 * more must not keep those from working who may.
 */
export async function reserveModelSpend(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  { tenantId, kind, usd }: Pick<JobState, "tenantId" | "kind"> & { usd: number },
): Promise<ModelBudget> {
  const { modelUsdPerMonth: whole } = await tenantLimitsOf(deps, tenantId);
  const asks = kind === "answer";
  const limit = asks ? whole / 2 : whole;
  const nowMs = deps.nowMs();
  const month = monthOf(nowMs);
  const reservation = {
    tenantId,
    month: month.name,
    id: randomUUID(),
    micros: mostMicros(usd),
    expiresAtMs: nowMs + reservationMs,
  };
  const reserved = await reserveSpend(deps.table, reservation, { limitMicros: budgetMicros(limit), nowMs });
  if (reserved.kind === "full") {
    if (reservation.micros > budgetMicros(limit)) {
      // Whatever is spent: neither a new month nor waiting makes room for it.
      const [what, one] = asks ? [" for questions", "one"] : ["", "one request"];
      const most = (Math.ceil(usd * 100) / 100).toFixed(2);
      const reason = `this tenant may have $${limit} a month of Claude${what}, and ${one} may cost up to $${most}; your provider can raise it`;
      return { kind: "full", reason };
    }
    const used = (reserved.spend.spentMicros + reserved.spend.reservedMicros) / 1_000_000;
    const error = quotaExceeded({ quota: "modelUsdPerMonth", limit, used, nowMs, resetsAtMs: month.endsAtMs, asks });
    return {
      kind: "full",
      reason: `${error.message}; it begins anew on ${month.endsOn}, and your provider can raise it`,
    };
  }
  return {
    kind: "reserved",
    usd,
    settle: async (costUsd) => {
      try {
        await settleSpend(deps.table, reservation, settledMicros({ most: reservation.micros, costUsd }));
      } catch (error) {
        // The answer is here and paid for: it is used. Its reservation stays, as if this had died.
        deps.log("warn", "spend_not_settled", { tenantId, error: String(error) });
      }
    },
  };
}
