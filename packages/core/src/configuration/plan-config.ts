import type { ApplianceConfig } from "@steward/contracts/appliance-config";
import { canonicalHash } from "@steward/contracts/canonical";
import { defaults, usualTemperature, watchfulSeconds } from "@steward/contracts/defaults";
import { contentHash, defaultRollout, executablePlan, type Plan, planHash } from "@steward/contracts/plan";
import type { Risk } from "@steward/contracts/risk";
import { targetsRoot } from "@steward/contracts/targets-proof";

/** What rules call a change of a configuration: `{"action": "appliance.configure", …}`. No bundle has it. */
export const configureAction = "appliance.configure";

/** What a change takes away from those who watch is more than what it adds. */
export function riskOfChange(before: ApplianceConfig, after: ApplianceConfig): { risk: Risk; reasons: string[] } {
  const reasons: string[] = [];
  if ((after.doorbell ?? "") !== (before.doorbell ?? "")) reasons.push("changes how it is called");
  const lost = <T>(from: readonly T[] = [], to: readonly T[] = []) => from.some((one) => !to.includes(one));
  const [old, now] = [before.watch ?? {}, after.watch ?? {}];
  if (
    lost(old.services, now.services) ||
    lost(old.certificates, now.certificates) ||
    lost(old.filesystems, now.filesystems) ||
    lost(now.ignoreServices, old.ignoreServices) ||
    (old.drives !== false && now.drives === false) ||
    (old.updates !== false && now.updates === false) ||
    isHotter(old.temperature, now.temperature) ||
    isRarer(before.intervalSeconds, after.intervalSeconds)
  ) {
    reasons.push("watches less than before");
  }
  return { risk: reasons.length === 0 ? "low" : "medium", reasons };
}

type Limits = { warning: number; critical: number };

/** A limit that is higher than the one before tells later of the same heat. */
function isHotter(old: Limits = usualTemperature, now: Limits = usualTemperature): boolean {
  return now.warning > old.warning || now.critical > old.critical;
}

/** Absent is the organisation's, which nobody is to know here: as usual. */
const usualSeconds: number = defaults.heartbeatIntervalSeconds;
function isRarer(old = usualSeconds, now = usualSeconds): boolean {
  return now > old && now > watchfulSeconds;
}

/**
 * A change of a configuration as the gate judges it: a plan of one step for one appliance, whose variables are what the
 * configuration will say and whose bundle is its digest. Nothing runs by it, so no release has it.
 */
export function planConfig(input: {
  tenantId: string;
  nodeId: string;
  before: ApplianceConfig;
  after: ApplianceConfig;
  revision: number;
  releaseVersion: number;
  expiresAtMs: number;
}): { plan: Plan; subject: string; digest: string } {
  const { tenantId, nodeId, after, expiresAtMs } = input;
  const subject = `${nodeId} configuration ${input.revision}`;
  const digest = canonicalHash(after);
  const { risk, reasons } = riskOfChange(input.before, after);
  const plan: Omit<Plan, "contentHash" | "planHash"> = {
    v: 1,
    tenantId,
    steps: [
      {
        action: configureAction,
        title: "Change the configuration",
        variables: variablesOf(after),
        provenance: {},
        bundle: digest,
        risk,
        riskReasons: reasons,
        undo: "none",
        timeoutSeconds: 60,
      },
    ],
    targets: [nodeId],
    targetsRoot: targetsRoot([nodeId]),
    rollout: defaultRollout,
    releaseVersion: input.releaseVersion,
    mode: "apply",
    verbosity: 0,
    risk,
    expiresAtMs,
  };
  const content = contentHash(executablePlan(plan));
  const hashed = planHash({ contentHash: content, taskId: subject, mode: plan.mode, expiresAtMs });
  return { plan: { ...plan, contentHash: content, planHash: hashed }, subject, digest };
}

/** `watch.services` is called `services`: a rule of the tenant names it so. */
function variablesOf({ watch = {}, ...config }: ApplianceConfig): Plan["steps"][number]["variables"] {
  const { temperature, ...lists } = watch;
  return {
    ...config,
    ...lists,
    ...(temperature === undefined
      ? {}
      : { temperatureWarning: temperature.warning, temperatureCritical: temperature.critical }),
  };
}
