import { defaults } from "@steward/contracts/defaults";
import { waitRoutes } from "@steward/contracts/routes/wait";
import { taskHasEnded } from "@steward/contracts/states";
import { useState } from "react";
import { useApi } from "../api/use-api.ts";

/**
 * One task as it goes on. A plan that waits is fetched with all of its targets, as its hash covers them; of thousands that
 * run, only the first come every two seconds.
 */
export function useTask(taskId: string) {
  const [seen, setSeen] = useState<{ taskId: string; large: boolean; ended: boolean }>();
  const known = seen?.taskId === taskId ? seen : undefined;
  const query = useApi(
    waitRoutes.getTask,
    { params: { taskId }, query: { answerFrom: 0, ...(known?.large === true ? { view: "brief" as const } : {}) } },
    { every: known?.ended === true ? "background" : "watched", keepsLast: true },
  );
  const { data } = query;
  if (data !== undefined && data.id === taskId) {
    const ended = taskHasEnded(data.status);
    const decides = data.status === "awaiting_approval";
    const large = !decides && (data.targetCount ?? 0) > defaults.maxTargetsListed;
    if (known === undefined || known.ended !== ended || known.large !== large) setSeen({ taskId, ended, large });
  }
  // Another task's last answer is none of this one's.
  return { ...query, data: data?.id === taskId ? data : undefined };
}
