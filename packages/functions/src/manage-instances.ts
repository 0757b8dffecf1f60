import { actFor } from "@steward/aws/tenant-fence";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import { inviteInstance } from "@steward/control/invite-instance";
import { retireInstance, retireLostInstances } from "@steward/control/retire-instance";
import { createContext } from "./context.ts";
import { instanceEventSchema, type LaunchEvent } from "./instance-event.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("manage-instances");
const { names, services } = context;
const deps = {
  ...context,
  instanceSecrets: services.instanceSecrets,
  instances: () => services.instancesOf(names.workerGroup),
};

/** The worker group started an instance, which is held until it was invited; or ended one. */
export const handler = redactErrors(async (input: unknown): Promise<void> => {
  const event = instanceEventSchema.parse(input);
  const { AutoScalingGroupName: group, EC2InstanceId: instanceId } = event.detail;
  // The rule lets only ours through: another group's machines must not become workers because a rule was widened.
  if (group !== names.workerGroup) throw new AppError("forbidden", `${group} is not this stage's worker group`);
  // The group's machines are the provider's.
  await actFor(providerTenantId, async () => {
    if (event["detail-type"] === "EC2 Instance Terminate Successful") await retireInstance(deps, { instanceId });
    else await invite(event);
    await retireLostInstances(deps);
  });
});

async function invite(event: LaunchEvent): Promise<void> {
  const { AutoScalingGroupName: group, EC2InstanceId: instanceId } = event.detail;
  const { LifecycleHookName: hook, LifecycleActionToken: token } = event.detail;
  const partition = event.resources[0].split(":")[1] ?? "aws";
  const arn = `arn:${partition}:ec2:${event.region}:${event.account}:instance/${instanceId}`;
  const letGoOn = () => services.letInstanceGoOn({ group, hook, token, instanceId });
  await inviteInstance({ ...deps, letGoOn }, { instanceId, arn, launchedAtMs: Date.parse(event.time) });
}
