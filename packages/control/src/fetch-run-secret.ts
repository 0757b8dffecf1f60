import { getTenantSecret } from "@steward/aws/records/tenant-secret";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { type fetchedSecretSchema, type fetchSecretQuerySchema } from "@steward/contracts/run-secret";
import { parseSecretReference, takesReference } from "@steward/contracts/secret-reference";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Context, NodeCaller } from "./context.ts";
import { loadOwnRun } from "./load-run.ts";
import { loadTask } from "./load-task.ts";
import { holdToCurrent } from "./store-run-secret.ts";

/**
 * The value of a secret of the appliance's own tenant, for the run that it is at: only one that the approved plan names, in
 * just that version, in a variable that takes one. What may be fetched is read off the plan, so nothing that a machine asks for widens it.
 */
export async function fetchRunSecret(
  deps: Pick<Context, "table" | "nowMs" | "stage" | "release"> & { runSecrets: RunSecrets },
  node: NodeCaller,
  params: { runId: string; secretName: string },
  query: z.output<typeof fetchSecretQuerySchema>,
): Promise<z.infer<typeof fetchedSecretSchema>> {
  const run = await loadOwnRun(deps, node, params.runId);
  holdToCurrent(run, query);
  const { tenantId } = run;
  const name = params.secretName;
  const [{ plan }, { release }] = await Promise.all([loadTask(deps, tenantId, run.taskId), deps.release()]);
  const named = plan?.steps.some((step) => {
    const action = release.actions.find(({ id }) => id === step.action);
    return Object.entries(step.variables).some(([variable, value]) => {
      const reference = parseSecretReference(value);
      if (reference?.name !== name || reference.version !== query.version) return false;
      return action !== undefined && takesReference(action, variable);
    });
  });
  const secret =
    named === true && plan?.mode === "apply" ? await getTenantSecret(deps.table, { tenantId, name }) : undefined;
  if (secret === undefined || secret.removedAtMs !== undefined)
    throw new AppError("not_found", `this run has no secret ${name}`);
  const version = query.version ?? secret.secretVersion;
  // First the trail: nobody is shown one of which nothing says so.
  await commit(deps.table, [
    audited(deps.nowMs(), {
      tenantId,
      who: node.nodeId,
      what: "fetch-run-secret",
      record: run.runId,
      after: { name, version },
      requestId: run.requestId ?? node.requestId,
    }),
  ]);
  const value = await deps.runSecrets.read(resourceNames(deps.stage).tenantSecret({ tenantId, name }), version);
  if (value === undefined) {
    throw new AppError("not_found", `the secret ${name} has no version ${version}`, {
      next: "Refer to one that it has: steward secrets ls --own",
    });
  }
  return { value, version };
}
