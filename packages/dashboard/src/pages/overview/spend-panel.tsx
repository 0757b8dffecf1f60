import { limitRoutes } from "@steward/contracts/routes/limits";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { useAcross } from "../../api/use-across.ts";
import { useMe } from "../../me/use-me.ts";
import { bytesText, countText, spanText } from "../../text.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./overview.module.css";
import { nearlyFull, quotaNames, quotaText, type QuotaUse, shareOf, spendByTier } from "./sums.ts";

/** What models took and cost, and whose quotas are nearly used up. */
export function SpendPanel({
  tenantIds,
  houseTenant,
}: {
  tenantIds: readonly string[];
  houseTenant: string | undefined;
}) {
  const { tenantId, isStaff } = useMe();
  const scope = tenantId === undefined && isStaff ? "installation" : "tenant";
  const work = useAcross(
    queueRoutes.workDistribution,
    { query: { days: 31, scope } },
    { tenantIds: houseTenant === undefined ? [] : [tenantId ?? houseTenant], everyMs: 30_000 },
  );
  const limits = useAcross(limitRoutes.getLimits, {}, { tenantIds, everyMs: 30_000 });
  return (
    <Panel title="Models and quotas" note={tenantId === undefined ? "All tenants, 31 days" : "This tenant, 31 days"}>
      <div className={styles["spend"]}>
        <Loaded query={{ ...work, data: work.data?.[0]?.answer }} rows={2}>
          {({ items }) => {
            const tiers = spendByTier(items);
            if (tiers.length === 0)
              return (
                <p className={styles["soft"]}>No model was asked yet: what the catalogue's words match needs none.</p>
              );
            return (
              <ul className={styles["tiers"]}>
                {tiers.map(({ tier, jobs, failures, tokens, seconds, costUsd }) => (
                  <li key={tier}>
                    <strong>{tier === "claude" ? "Claude" : "Own workers"}</strong>
                    <span className={styles["money"]}>
                      {tier === "claude" ? `$${costUsd.toFixed(2)}` : spanText(seconds)}
                    </span>
                    <span className={styles["soft"]}>
                      {countText(jobs)} {jobs === 1 ? "job" : "jobs"} done
                      {failures > 0 ? `, ${countText(failures)} attempts fell short` : ""}, {countText(tokens)} tokens
                    </span>
                  </li>
                ))}
              </ul>
            );
          }}
        </Loaded>
        <Loaded query={limits} rows={3}>
          {(all) => (tenantId === undefined ? <Nearly all={all} /> : <Quotas uses={all[0]?.answer.quotas ?? []} />)}
        </Loaded>
      </div>
    </Panel>
  );
}

function Nearly({ all }: { all: Parameters<typeof nearlyFull>[0] }) {
  const { tenants } = useMe();
  const full = nearlyFull(all).slice(0, 6);
  if (full.length === 0) return <p className={styles["soft"]}>No tenant is near the end of a quota.</p>;
  return (
    <ul className={styles["quotas"]}>
      {full.map(({ tenantId, use }) => (
        <li key={tenantId + use.quota}>
          <Said>{tenants.find(({ id }) => id === tenantId)?.name ?? tenantId}</Said>
          <Quota use={use} />
        </li>
      ))}
    </ul>
  );
}

function Quotas({ uses }: { uses: readonly QuotaUse[] }) {
  return (
    <ul className={styles["quotas"]}>
      {uses.map((use) => (
        <li key={use.quota}>
          <Quota use={use} />
          {use.resetsAt === undefined || shareOf(use) < 0.8 ? null : (
            <span className={styles["soft"]}>
              begins anew <Moment at={use.resetsAt} />
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Quota({ use }: { use: QuotaUse }) {
  const share = shareOf(use);
  const text = `${quotaText(use.quota, use.used, bytesText)} of ${quotaText(use.quota, use.limit, bytesText)}`;
  return (
    <Meter
      label={quotaNames[use.quota] ?? use.quota}
      value={use.used}
      max={Math.max(use.limit, use.used)}
      text={text}
      tone={share >= 1 ? "bad" : share >= 0.8 ? "wait" : "good"}
    />
  );
}
