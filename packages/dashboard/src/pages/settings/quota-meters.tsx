import type { LimitsView } from "@steward/contracts/limits";
import { Meter } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { amountText, quotaMeanings, quotaTone, quotaWords } from "./amounts.ts";
import styles from "./settings.module.css";

/** How much of each quota is used, what is held back, and when it begins anew. */
export function QuotaMeters({ quotas }: { quotas: LimitsView["quotas"] }) {
  return (
    <ul className={styles["quotas"]}>
      {quotas.map(({ quota, used, limit, reserved = 0, resetsAt }) => {
        const tone = quotaTone({ used, limit });
        const left = tone === "bad" ? " (used up)" : tone === "wait" ? " (nearly used up)" : "";
        return (
          <li key={quota}>
            <Meter
              label={quotaWords[quota]}
              value={used}
              max={limit}
              tone={tone}
              text={`${amountText(quota, used)} of ${amountText(quota, limit)}${left}`}
            />
            <p className={styles["soft"]}>
              {quotaMeanings[quota]}
              {reserved > 0 ? ` ${amountText(quota, reserved)} of it is held back for questions under way.` : ""}{" "}
              {resetsAt === undefined ? null : (
                <>
                  Begins anew <Moment at={resetsAt} />.
                </>
              )}
            </p>
          </li>
        );
      })}
    </ul>
  );
}
