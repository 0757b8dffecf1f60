import { Fn, RemovalPolicy, Stack } from "aws-cdk-lib";
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  SubnetType,
  Vpc,
} from "aws-cdk-lib/aws-ec2";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { resourceNames } from "@steward/contracts/names";
import type { Construct } from "constructs";
import type { StageProps } from "./stage-props.ts";

/** Spot GPUs come and go by zone: three make it likelier that one has some. Each has its share of the addresses. */
const zones = 3;

/**
 * The network of the GPU workers. They call out (queues, the nodes' door, the model registry) and nobody calls them, so
 * they live in public subnets behind a security group that lets nothing in. A NAT gateway would give the same protection
 * for some $35 a month and zone, idle or not, and $0.045 for each of the gigabytes that a model has; an instance's own
 * address costs half a cent an hour, while it runs.
 */
export class NetworkStack extends Stack {
  readonly vpc: Vpc;
  /** Lets everything out and nothing in. */
  readonly workerSecurityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { stage, settings, env }: StageProps) {
    super(scope, id, { env, description: `Steward ${stage}: the network of the GPU workers` });
    const names = resourceNames(stage);
    this.vpc = new Vpc(this, "Vpc", {
      vpcName: names.prefix,
      ipAddresses: IpAddresses.cidr("10.84.0.0/16"),
      maxAzs: zones,
      natGateways: 0,
      subnetConfiguration: [{ name: "workers", subnetType: SubnetType.PUBLIC, cidrMask: 20 }],
      // A host's own files come from a bucket: without a way over the internet, at no cost.
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      // Emptying the default group takes a Lambda function that may change any group. Nothing is ever started in it.
      restrictDefaultSecurityGroup: false,
    });
    const flows = new LogGroup(this, "Flows", {
      logGroupName: `/steward/${stage}/vpc-flows`,
      retention: settings.retention.logDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // What was refused, and by whom it was tried. All traffic would be mostly models on their way in.
    this.vpc.addFlowLog("Refused", {
      destination: FlowLogDestination.toCloudWatchLogs(flows),
      trafficType: FlowLogTrafficType.REJECT,
    });
    this.workerSecurityGroup = new SecurityGroup(this, "Workers", {
      vpc: this.vpc,
      securityGroupName: `${names.prefix}-workers`,
      description: "GPU workers: everything out, nothing in",
      allowAllOutbound: true,
    });
  }

  /** The zones that the account has, chosen by AWS at the deploy instead of looked up at the synth. */
  override get availabilityZones(): string[] {
    return Array.from({ length: zones }, (_, index) => Fn.select(index, Fn.getAzs()));
  }
}
