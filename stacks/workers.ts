import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Duration, Stack, Stage } from "aws-cdk-lib";
import {
  AdjustmentType,
  AutoScalingGroup,
  CfnAutoScalingGroup,
  GroupMetrics,
  HealthChecks,
  MetricAggregationType,
  OnDemandAllocationStrategy,
  SpotAllocationStrategy,
  StepScalingAction,
} from "aws-cdk-lib/aws-autoscaling";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { AutoScalingAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import {
  BlockDeviceVolume,
  EbsDeviceVolumeType,
  InstanceInitiatedShutdownBehavior,
  InstanceType,
  type ISecurityGroup,
  type IVpc,
  LaunchTemplate,
  MachineImage,
  SubnetType,
  UserData,
} from "aws-cdk-lib/aws-ec2";
import { ManagedPolicy, PolicyDocument, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { type MetricName, metricNamespace } from "@steward/contracts/metrics";
import { resourceNames } from "@steward/contracts/names";
import { policyStatements } from "@steward/contracts/policy";
import { instanceTag, launchHook, terminateHook } from "@steward/contracts/worker-group";
import type { Construct } from "constructs";
import { root } from "../scripts/run.ts";
import { buildNodes } from "../scripts/build/nodes.ts";
import { explain, explainWildcards, type Rule, statementsOf } from "./explain.ts";
import { gpuImageParameter } from "./pins.ts";
import { publish } from "./publish.ts";
import type { StageProps } from "./stage-props.ts";
import { hostUserData } from "./user-data.ts";

const minute = Duration.minutes(1);
/** From the start of an instance to its first job: drivers are there, a model of some gigabytes is not. */
const warmup = Duration.minutes(10);

/**
 * The GPU workers in the cloud: an Auto Scaling group that follows the backlog, from nothing and back to nothing. Its
 * instances enrol by themselves (`manage-instances`), spare themselves while they work and drain before they go
 * (`host/steward-drain.sh`).
 */
export class WorkersStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { stage, settings, env, vpc, securityGroup }: StageProps & { vpc: IVpc; securityGroup: ISecurityGroup },
  ) {
    super(scope, id, { env, description: `Steward ${stage}: GPU workers` });
    const names = resourceNames(stage);
    const { workers } = settings;
    const files = new Asset(this, "HostFiles", { path: this.hostFiles() });

    const place = { stage, partition: this.partition, region: this.region, account: this.account };
    const receives = policyStatements("worker", { ...place, secretArns: {} });
    // Who is given the policy besides gets the lanes, and none of the queues that are single workers'.
    const isOwn = ({ resources }: { resources: readonly string[] }) => resources.some((one) => one.endsWith("*"));
    const ownQueues = receives.filter(isOwn);
    const ofLanes = receives.filter((statement) => !isOwn(statement));
    const lanes = new ManagedPolicy(this, "Lanes", {
      managedPolicyName: `${names.prefix}-lanes`,
      // With its name, never to be changed: CloudFormation would have to replace it, and cannot.
      description: "A worker: receives jobs from the lanes, and nothing else",
      statements: statementsOf(ofLanes),
    });
    const rules = [...ownQueues, ...this.rules(stage, files)];
    const role = new Role(this, "Role", {
      description: `Steward ${stage}: a GPU host takes jobs from the lanes and looks after its own life`,
      assumedBy: new ServicePrincipal("ec2.amazonaws.com"),
      managedPolicies: [lanes],
      inlinePolicies: { host: new PolicyDocument({ statements: statementsOf(rules) }) },
    });
    explainWildcards(role, rules);

    const template = new LaunchTemplate(this, "Template", {
      launchTemplateName: names.workerGroup,
      // Which AMI is the newest is looked up by CloudFormation at the deploy: a synth asks AWS nothing.
      machineImage: MachineImage.fromSsmParameter(gpuImageParameter),
      role,
      securityGroup,
      userData: UserData.custom(
        hostUserData({
          stage,
          region: env.region,
          apiUrl: `https://${settings.domains.api.name}`,
          models: workers.models,
          files: { bucket: files.s3BucketName, key: files.s3ObjectKey },
        }),
      ),
      requireImdsv2: true,
      // No container of the host reaches the role.
      httpPutResponseHopLimit: 1,
      // The image alone is more than half of it; the rest is for models.
      blockDevices: [
        {
          deviceName: "/dev/sda1",
          volume: BlockDeviceVolume.ebs(150, { encrypted: true, volumeType: EbsDeviceVolumeType.GP3 }),
        },
      ],
      // A host that could not be set up powers itself off, and is replaced instead of paid for.
      instanceInitiatedShutdownBehavior: InstanceInitiatedShutdownBehavior.TERMINATE,
    });

    const group = new AutoScalingGroup(this, "Group", {
      autoScalingGroupName: names.workerGroup,
      vpc,
      vpcSubnets: { subnetType: SubnetType.PUBLIC },
      // No desired capacity: a deploy leaves the number as the backlog made it.
      minCapacity: workers.minimum,
      maxCapacity: workers.maximum,
      mixedInstancesPolicy: {
        launchTemplate: template,
        launchTemplateOverrides: workers.instanceTypes.map((type) => ({ instanceType: new InstanceType(type) })),
        instancesDistribution: {
          onDemandAllocationStrategy: OnDemandAllocationStrategy.PRIORITIZED,
          onDemandBaseCapacity: workers.onDemandBase,
          onDemandPercentageAboveBaseCapacity: 0,
          spotAllocationStrategy: SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED,
        },
      },
      capacityRebalance: true,
      defaultInstanceWarmup: warmup,
      // A host is as it was made: this is how a new image and a new worker reach a group that is never empty.
      maxInstanceLifetime: Duration.days(14),
      healthChecks: HealthChecks.ec2({ gracePeriod: Duration.minutes(5) }),
      // Where a rule counts instances; they cost nothing.
      groupMetrics: [GroupMetrics.all()],
    });
    explain(group, {
      AS3: "What happens to instances goes to EventBridge, where manage-instances acts on it; nobody is woken by it",
      EC26: "The rule looks for a template that a group with mixed instances has elsewhere; its volumes are encrypted",
    });
    this.holdInstances(group);
    this.scale(group, { stage, minimum: workers.minimum, idleMinutes: workers.idleMinutes });
    publish(this, stage, "worker-group", names.workerGroup);
  }

  /** Worker, agent, units and scripts in one folder. Built from the sources at every synth: what is deployed is never old. */
  private hostFiles(): string {
    const folder = join(Stage.of(this)?.outdir ?? "cdk.out", `${this.stackName}-files`);
    mkdirSync(folder, { recursive: true });
    buildNodes(folder);
    for (const source of ["stacks/host", "packages/worker/systemd", "packages/agent/systemd"]) {
      for (const name of readdirSync(join(root, source))) cpSync(join(root, source, name), join(folder, name));
    }
    return folder;
  }

  /** What a host may do besides taking jobs, each statement from its intent. None for SSM, shells or logs: a host is looked at through its nodes. */
  private rules(stage: string, files: Asset): Rule[] {
    const names = resourceNames(stage);
    const group = this.formatArn({
      service: "autoscaling",
      resource: `autoScalingGroup:*:autoScalingGroupName/${names.workerGroup}`,
    });
    return [
      {
        actions: ["secretsmanager:GetSecretValue"],
        resources: [this.formatArn({ service: "secretsmanager", resource: `secret:${names.instanceSecret("*")}` })],
        conditions: { StringEquals: { [`aws:ResourceTag/${instanceTag}`]: "${ec2:SourceInstanceARN}" } },
        why: "An instance's id is not known before it starts; the condition on the tag leaves each its own secret",
      },
      {
        actions: ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceProtection"],
        resources: [group],
        why: "The id in a group's ARN is AWS's to choose; its name, which follows, is this stage's",
      },
      { actions: ["s3:GetObject"], resources: [files.bucket.arnForObjects(files.s3ObjectKey)] },
    ];
  }

  /** As part of the group itself: a hook of its own would miss the instances that start with the group. */
  private holdInstances(group: AutoScalingGroup): void {
    const resource = group.node.defaultChild;
    if (!(resource instanceof CfnAutoScalingGroup)) throw new TypeError("the group has no resource");
    resource.lifecycleHookSpecificationList = [
      {
        lifecycleHookName: launchHook.name,
        lifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
        heartbeatTimeout: launchHook.timeoutSeconds,
        defaultResult: "ABANDON",
      },
      {
        lifecycleHookName: terminateHook.name,
        lifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
        heartbeatTimeout: terminateHook.timeoutSeconds,
        defaultResult: "CONTINUE",
      },
    ];
  }

  /**
   * Three rules. No measurement changes nothing: `measure` may be down, and a group that shrinks blindly costs jobs.
   *
   * Up: a job for every slot waits, or any job while there is no slot at all (queued ÷ max(1, slots) ≥ 1). An instance
   * that warms up counts, so a minute later the same backlog does not ask for another one.
   */
  private scale(
    group: AutoScalingGroup,
    { stage, minimum, idleMinutes }: { stage: string; minimum: number; idleMinutes: number },
  ) {
    const metric = (metricName: MetricName) =>
      new Metric({
        namespace: metricNamespace,
        metricName,
        dimensionsMap: { Stage: stage },
        statistic: "Maximum",
        period: minute,
      });
    const rule = (
      name: string,
      action: StepScalingAction,
      options: { metric: IMetric; atLeast?: number; atMost?: number; minutes: number; about: string },
    ) => {
      const alarm = new Alarm(this, name, {
        alarmName: `${resourceNames(stage).workerGroup}-${name.toLowerCase()}`,
        alarmDescription: `${options.about} Scales the GPU workers; nobody has to act.`,
        metric: options.metric,
        threshold: options.atLeast ?? options.atMost ?? 0,
        comparisonOperator:
          options.atLeast === undefined
            ? ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD
            : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: options.minutes,
        datapointsToAlarm: options.minutes,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new AutoScalingAction(action));
    };

    const grow = new StepScalingAction(this, "GrowBy", {
      autoScalingGroup: group,
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
      estimatedInstanceWarmup: warmup,
      metricAggregationType: MetricAggregationType.MAXIMUM,
    });
    // Bounds count from the alarm's threshold: backlogs of 1, 4 and 16 jobs a slot.
    grow.addAdjustment({ lowerBound: 0, upperBound: 3, adjustment: 1 });
    grow.addAdjustment({ lowerBound: 3, upperBound: 15, adjustment: 2 });
    grow.addAdjustment({ lowerBound: 15, adjustment: 4 });
    rule("Grow", grow, {
      metric: metric("BacklogPerSlot"),
      atLeast: 1,
      minutes: 1,
      about: "As many jobs wait as there are slots, or there is no slot for one that waits.",
    });

    const shrink = new StepScalingAction(this, "ShrinkBy", {
      autoScalingGroup: group,
      adjustmentType: AdjustmentType.CHANGE_IN_CAPACITY,
    });
    shrink.addAdjustment({ lowerBound: 0, adjustment: -1 });
    const hosts = new Metric({
      namespace: "AWS/AutoScaling",
      // What this rule itself changes: hosts that spare themselves are still there when they are no longer wanted.
      metricName: "GroupDesiredCapacity",
      dimensionsMap: { AutoScalingGroupName: group.autoScalingGroupName },
      statistic: "Maximum",
      period: minute,
    });
    // Never the last one: a host that is alone and half idle is at work, and the next rule is for one that is not.
    rule("Shrink", shrink, {
      metric: new MathExpression({
        expression: "IF(hosts > 1 AND backlog == 0 AND slots > 2 * used, 1, 0)",
        usingMetrics: { hosts, backlog: metric("BacklogPerSlot"), slots: metric("Slots"), used: metric("SlotsUsed") },
        period: minute,
        label: "more than one host, nothing waits, less than half of the slots used",
      }),
      atLeast: 1,
      minutes: idleMinutes,
      about: "For a while nothing has waited and less than half of the slots were used.",
    });

    const empty = new StepScalingAction(this, "EmptyTo", {
      autoScalingGroup: group,
      adjustmentType: AdjustmentType.EXACT_CAPACITY,
    });
    empty.addAdjustment({ upperBound: 0, adjustment: minimum });
    rule("Empty", empty, {
      metric: metric("JobsRunning"),
      atMost: 0,
      minutes: idleMinutes,
      about: "For a while no job has waited or run.",
    });
  }
}
