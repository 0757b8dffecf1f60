import { limitRoutes } from "@steward/contracts/routes/limits";
import type { Tier } from "@steward/contracts/states";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, visible } from "../../text.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { QuotaMeters } from "./quota-meters.tsx";
import styles from "./settings.module.css";

const tierWords: Record<Tier, string> = {
  matcher: "Rules, without a model",
  ollama: "Your provider’s own models",
  claude: "Claude",
};

/** How much is used of what may be used, and how fast the API may be called. */
export function LimitsTab() {
  const me = useMe();
  const limits = useApi(limitRoutes.getLimits, {}, { every: "background" });
  return (
    <Loaded query={limits} rows={8}>
      {({ quotas, rates, waits, models }) => (
        <div className={styles["columns"]}>
          <Panel
            title="Quotas"
            actions={
              me.mayStaff("admin") && me.tenantId !== undefined ? (
                <LinkButton to="/tenants/$tenantId" params={{ tenantId: me.tenantId }} icon="edit">
                  Change
                </LinkButton>
              ) : null
            }
          >
            <QuotaMeters quotas={quotas} />
            <p className={styles["foot"]}>
              Questions take at most half of requests, models and Claude: the rest is for changes. More is your
              provider’s to give.
            </p>
          </Panel>
          <div className={styles["column"]}>
            <Panel title="How fast">
              <ul className={styles["lines"]}>
                {rates.map(({ name, perSecond, burst }) => (
                  <li key={name}>
                    {name === "principal" ? "You may make" : "All in this tenant together may make"}{" "}
                    <strong>{plural(perSecond, "call")} a second</strong>, and {burst} at once after a pause.
                  </li>
                ))}
                <li>{plural(waits, "call")} of yours may wait at one time.</li>
              </ul>
            </Panel>
            <Panel title="Models this month" flush={models.length > 0}>
              {models.length === 0 ? (
                <p className={styles["soft"]}>No model was asked this month.</p>
              ) : (
                <div className={styles["scroll"]} role="region" aria-label="Models" tabIndex={0}>
                  <table className={styles["table"]}>
                    <thead>
                      <tr>
                        <th scope="col">Who answered</th>
                        <th scope="col">Answers</th>
                        <th scope="col">Fell short</th>
                        <th scope="col">Tokens</th>
                        <th scope="col">Time</th>
                        <th scope="col">Cost</th>
                      </tr>
                    </thead>
                    <tbody>
                      {models.map(({ tier, jobs, failures, tokens, seconds, costUsd }) => (
                        <tr key={tier}>
                          <th scope="row">{tierWords[tier] ?? visible(tier)}</th>
                          <td>{jobs.toLocaleString("en")}</td>
                          <td>{failures.toLocaleString("en")}</td>
                          <td>{tokens.toLocaleString("en")}</td>
                          <td>{Math.round(seconds).toLocaleString("en")} s</td>
                          <td>${costUsd.toFixed(2)}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
              )}
            </Panel>
          </div>
        </div>
      )}
    </Loaded>
  );
}
