import { providerTenantId } from "@steward/contracts/ids";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { useEffect } from "react";
import { keepSample } from "../../api/samples.ts";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { slotsTotal } from "./work-text.ts";

/** Lanes and workers are everybody's. Staff that looks at all tenants asks as the provider, whose machines they are. */
export function useWhose(): { inTenant?: string } {
  const { tenantId } = useMe();
  return tenantId === undefined ? { inTenant: providerTenantId } : {};
}

/** What was seen of lanes and slots since the tab was opened. */
export const loadSamples = "load";

/** Lanes, queues and workers as they are now; what is seen is kept for the plots. */
export function useLoad() {
  const status = useApi(queueRoutes.queueStatus, {}, useWhose());
  const { data, dataUpdatedAt } = status;
  useEffect(() => {
    if (data === undefined) return;
    const values: Record<string, number | null> = {};
    for (const { lane, queued, inFlight, expectedWait } of data.lanes) {
      values[`${lane} queued`] = queued;
      values[`${lane} at work`] = inFlight;
      values[`${lane} wait`] = expectedWait.kind === "expected" ? expectedWait.seconds : null;
    }
    for (const { name, queued, inFlight, deadLetters } of data.queues) {
      values[`${name} queued`] = queued;
      values[`${name} in flight`] = inFlight;
      values[`${name} dead`] = deadLetters;
    }
    const { busy, free, closed } = slotsTotal(data.workers);
    keepSample(loadSamples, dataUpdatedAt, { ...values, busy, free, closed });
  }, [data, dataUpdatedAt]);
  return status;
}
