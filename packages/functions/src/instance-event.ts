import { z } from "zod";

const instanceId = z.string().regex(/^i-[0-9a-f]{8,17}$/, "an instance's id");

/** What EventBridge tells of the worker group: an instance is held at its start, or has ended. */
export const instanceEventSchema = z.discriminatedUnion("detail-type", [
  z.object({
    "detail-type": z.literal("EC2 Instance-launch Lifecycle Action"),
    time: z.iso.datetime(),
    account: z.string().regex(/^\d{12}$/),
    region: z.string(),
    /** The group's ARN, which begins with the partition. */
    resources: z.tuple([z.string().startsWith("arn:")]).rest(z.string()),
    detail: z.object({
      AutoScalingGroupName: z.string(),
      EC2InstanceId: instanceId,
      LifecycleHookName: z.string(),
      LifecycleActionToken: z.string(),
    }),
  }),
  z.object({
    "detail-type": z.literal("EC2 Instance Terminate Successful"),
    detail: z.object({ AutoScalingGroupName: z.string(), EC2InstanceId: instanceId }),
  }),
]);

export type LaunchEvent = Extract<
  z.output<typeof instanceEventSchema>,
  { "detail-type": "EC2 Instance-launch Lifecycle Action" }
>;

/** The rule that lets them through: `detail-type` of an EventBridge pattern. */
export const instanceEventTypes = instanceEventSchema.options.map((option) => option.shape["detail-type"].value);
