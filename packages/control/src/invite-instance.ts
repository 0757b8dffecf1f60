import type { InstanceSecrets } from "@steward/aws/instance-secrets";
import { commit } from "@steward/aws/table";
import { providerTenantId } from "@steward/contracts/ids";
import { resourceNames } from "@steward/contracts/names";
import { instanceNodes, instanceTag, launchHook } from "@steward/contracts/worker-group";
import type { Context } from "./context.ts";
import { newInvitation } from "./invite-node.ts";

/** An instance of the worker group that is held until it may enrol. */
export interface LaunchingInstance {
  instanceId: string;
  arn: string;
  launchedAtMs: number;
}

/**
 * Gives a new GPU host the means to enrol: two invitations, whose tokens only this instance can read, and leave to go on.
 * Its worker may work at once, as the machine was started by the provider's own group; its appliance waits for a person
 * like every other.
 *
 * EventBridge tells everything at least once, and any step may be the last one before a kill. The secret settles it, as
 * it is made once: what is in it is what the instance enrols with, and tokens that are not in it are nobody's and expire.
 *
 *     A  known? no ── invitations ── secret ✓ ──────── go on ✓
 *     B     known? no ── invitations ── secret ✗ taken ── go on (not held any more: as good)
 *     C                                            known? yes ── go on
 *     D  …after the instance has ended:            known? yes, its name is kept for a week ── nothing to let go
 */
export async function inviteInstance(
  deps: Pick<Context, "stage" | "table" | "nowMs" | "secret" | "log"> & {
    rootFingerprint: () => Promise<string>;
    instanceSecrets: InstanceSecrets;
    /** False when the instance is not held any more. */
    letGoOn: () => Promise<boolean>;
  },
  { instanceId, arn, launchedAtMs }: LaunchingInstance,
): Promise<"invited" | "known" | "late"> {
  const { log } = deps;
  // The group has given it up by now; a secret for it would stay for good.
  if (deps.nowMs() - launchedAtMs > launchHook.timeoutSeconds * 1000) {
    log("warn", "instance_too_late", { instanceId });
    return "late";
  }
  const name = resourceNames(deps.stage).instanceSecret(instanceId);
  const invited = !(await deps.instanceSecrets.known(name)) && (await invite());
  const held = await deps.letGoOn();
  if (!held && invited) log("warn", "instance_was_not_held", { instanceId });
  return invited ? "invited" : "known";

  async function invite(): Promise<boolean> {
    const nodes = instanceNodes(instanceId);
    const shared = {
      tenantId: providerTenantId,
      tags: [nodes.tag],
      doorbell: "pull" as const,
      by: "steward:instances",
      rootFingerprint: await deps.rootFingerprint(),
    };
    const worker = newInvitation(deps, { ...shared, kind: "worker", name: nodes.worker });
    const appliance = newInvitation(deps, { ...shared, kind: "appliance", name: nodes.appliance });
    // Before the secret: an instance that finds its tokens finds them valid.
    await commit(deps.table, [...worker.writes, ...appliance.writes]);
    const value = JSON.stringify({ worker: worker.invitation.token, appliance: appliance.invitation.token });
    const made = await deps.instanceSecrets.create(name, value, { [instanceTag]: arn });
    if (made) {
      const nodeIds = { workerId: worker.invitation.nodeId, applianceId: appliance.invitation.nodeId };
      log("info", "instance_invited", { instanceId, ...nodeIds });
    }
    return made;
  }
}
