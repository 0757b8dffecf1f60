import {
  type AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
} from "@aws-sdk/client-auto-scaling";
import { AppError } from "@steward/contracts/errors";
import { calling } from "./faults.ts";

/** One time that an instance is held by a hook. */
export interface LifecycleAction {
  group: string;
  hook: string;
  token: string;
  instanceId: string;
}

/** Lets the instance go on. False when it was not held any more: let go before, or given up. */
export async function letInstanceGoOn(autoScaling: AutoScalingClient, action: LifecycleAction): Promise<boolean> {
  return calling("let an instance go on", async () => {
    try {
      await autoScaling.send(
        new CompleteLifecycleActionCommand({
          AutoScalingGroupName: action.group,
          LifecycleHookName: action.hook,
          LifecycleActionToken: action.token,
          InstanceId: action.instanceId,
          LifecycleActionResult: "CONTINUE",
        }),
      );
      return true;
    } catch (error) {
      // The service has one name for everything that it does not like; only the words tell this case.
      if (error instanceof Error && /no active lifecycle action/i.test(error.message)) return false;
      throw error;
    }
  });
}

/** The instances that the group has, those that begin and end included. */
export async function instancesOf(autoScaling: AutoScalingClient, group: string): Promise<ReadonlySet<string>> {
  return calling("list the group's instances", async () => {
    const { AutoScalingGroups: [found] = [] } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [group] }),
    );
    // No such group is not a group without instances: whoever asks would retire them all.
    if (found === undefined) throw new AppError("internal", `there is no group ${group}`, { retryable: false });
    return new Set((found.Instances ?? []).flatMap(({ InstanceId }) => InstanceId ?? []));
  });
}
