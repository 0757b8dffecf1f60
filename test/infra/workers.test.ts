import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resourceNames } from "@steward/contracts/names";
import { launchHook, terminateHook } from "@steward/contracts/worker-group";
import { App } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import cdk from "../../cdk.json" with { type: "json" };
import { type PermanentStage, permanentStages, settingsOf } from "../../infra/stages.ts";
import { agentVariables, readEnv as readAgentEnv } from "../../packages/agent/src/env.ts";
import { readEnv as readWorkerEnv, workerVariables } from "../../packages/worker/src/env.ts";
import { workerNodeOptions } from "../../packages/worker/src/memory.ts";
import { root } from "../../scripts/run.ts";
import { NetworkStack } from "../../stacks/network.ts";
import { pins } from "../../stacks/pins.ts";
import { hostEnvironment, hostUserData } from "../../stacks/user-data.ts";
import { WorkersStack } from "../../stacks/workers.ts";

const outdir = mkdtempSync(join(tmpdir(), "steward-workers-"));
const stage = "prod";
const names = resourceNames(stage);
const { account, region, workers, domains } = settingsOf(stage);
let template: Template;

function synthesize(of: PermanentStage): Template {
  const app = new App({ context: cdk.context, analyticsReporting: false, outdir: join(outdir, of) });
  const settings = settingsOf(of);
  const props = { stage: of, settings, env: { account: settings.account, region: settings.region } };
  const network = new NetworkStack(app, `steward-${of}-network`, props);
  const stack = new WorkersStack(app, `steward-${of}-workers`, {
    ...props,
    vpc: network.vpc,
    securityGroup: network.workerSecurityGroup,
  });
  return Template.fromStack(stack);
}

beforeAll(() => {
  template = synthesize(stage);
});
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

/** What the values of a rendered file are, as bash reads it. */
function readByBash(file: string, keys: string[]): Record<string, string> {
  const path = join(outdir, "read.env");
  writeFileSync(path, file);
  const script = `set -eu; . "$1"; shift; for k in "$@"; do printf '%s\\0' "\${!k}"; done`;
  const read = execFileSync("bash", ["--norc", "-c", script, "bash", path, ...keys], {
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
  }).toString();
  return Object.fromEntries(
    read
      .split("\0")
      .slice(0, -1)
      .map((value, at) => [keys[at] ?? "", value]),
  );
}
const userData = () => {
  const launch = Object.values(template.findResources("AWS::EC2::LaunchTemplate"))[0] as {
    Properties: { LaunchTemplateData: { UserData: { "Fn::Base64": string } } };
  };
  return launch.Properties.LaunchTemplateData.UserData["Fn::Base64"];
};

describe("the group", () => {
  it("takes spot instances of the stage's types over its on-demand base, from nothing, and replaces those at risk", () => {
    template.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
      AutoScalingGroupName: names.workerGroup,
      MinSize: String(workers.minimum),
      MaxSize: String(workers.maximum),
      // A deploy must not set the number back.
      DesiredCapacity: Match.absent(),
      CapacityRebalance: true,
      MaxInstanceLifetime: 14 * 86_400,
      MixedInstancesPolicy: {
        InstancesDistribution: {
          OnDemandBaseCapacity: workers.onDemandBase,
          OnDemandPercentageAboveBaseCapacity: 0,
          OnDemandAllocationStrategy: "prioritized",
          SpotAllocationStrategy: "price-capacity-optimized",
        },
        LaunchTemplate: { Overrides: workers.instanceTypes.map((InstanceType) => ({ InstanceType })) },
      },
      VPCZoneIdentifier: Match.anyValue(),
    });
  });

  it("holds an instance until it was invited, and until it is drained: longer than the longest job may run", () => {
    template.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
      LifecycleHookSpecificationList: [
        {
          LifecycleHookName: launchHook.name,
          LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
          DefaultResult: "ABANDON",
          HeartbeatTimeout: 600,
        },
        {
          LifecycleHookName: terminateHook.name,
          LifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
          DefaultResult: "CONTINUE",
          HeartbeatTimeout: 1860,
        },
      ],
    });
  });

  it("is told to the rest of the stage", () => {
    template.hasResourceProperties("AWS::SSM::Parameter", {
      Name: `/steward/${stage}/worker-group`,
      Value: names.workerGroup,
    });
  });
});

describe("the launch template", () => {
  it("speaks IMDSv2 alone, to the host alone, on an encrypted disk, and ends what powers itself off", () => {
    template.hasResourceProperties("AWS::EC2::LaunchTemplate", {
      LaunchTemplateData: {
        MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { Encrypted: true, VolumeType: "gp3" } }],
        InstanceInitiatedShutdownBehavior: "terminate",
        KeyName: Match.absent(),
      },
    });
  });

  it("has its image looked up at the deploy", () => {
    const images = Object.values(
      template.findParameters("*", { Type: "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>" }),
    );
    expect(images).toEqual([
      expect.objectContaining({ Default: expect.stringMatching(/^\/aws\/service\/deeplearning\/.*ubuntu-24\.04/) }),
    ]);
  });
});

it("an instance may take jobs, read its own secret, look after its own life and fetch its files, and nothing else", () => {
  // For this role alone: machines of the provider's own rack are lent keys.
  const [[lanesId, lanes] = [], ...morePolicies] = Object.entries(template.findResources("AWS::IAM::ManagedPolicy"));
  expect(morePolicies).toEqual([]);
  expect(lanes?.Properties).toMatchObject({ ManagedPolicyName: "steward-prod-lanes" });
  const [role, ...others] = Object.values(template.findResources("AWS::IAM::Role")) as {
    Properties: {
      Policies: { PolicyDocument: { Statement: Record<string, unknown>[] } }[];
      ManagedPolicyArns: unknown;
    };
  }[];
  expect(others).toEqual([]);
  expect(template.findResources("AWS::IAM::Policy")).toEqual({});
  expect(role?.Properties.ManagedPolicyArns).toEqual([{ Ref: lanesId }]);
  const lane = (name: string) => `arn:aws:sqs:${region}:${account}:steward-prod-inference-${name}`;
  const own = role?.Properties.Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement) ?? [];
  const receives = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"];
  // Whoever else is given the policy gets nobody's own queue with it.
  expect(lanes?.Properties.PolicyDocument.Statement).toEqual([
    { Effect: "Allow", Action: receives, Resource: ["bulk", "express", "standard"].map(lane) },
  ]);
  expect(own).toEqual([
    { Effect: "Allow", Action: receives, Resource: lane("wrk_*") },
    {
      Effect: "Allow",
      Action: "secretsmanager:GetSecretValue",
      Resource: `arn:aws:secretsmanager:${region}:${account}:secret:steward-prod/instance/*`,
      Condition: { StringEquals: { "aws:ResourceTag/steward-instance": "${ec2:SourceInstanceARN}" } },
    },
    {
      Effect: "Allow",
      Action: ["autoscaling:CompleteLifecycleAction", "autoscaling:SetInstanceProtection"],
      Resource: `arn:aws:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/steward-prod-workers`,
    },
    {
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: expect.stringMatching(
        new RegExp(`^arn:aws:s3:::cdk-[a-z0-9]+-assets-${account}-${region}/[0-9a-f]{64}\\.zip$`),
      ),
    },
  ]);
});

describe("scaling", () => {
  const alarm = (name: string) =>
    Object.values(
      template.findResources("AWS::CloudWatch::Alarm", { Properties: { AlarmName: `steward-prod-workers-${name}` } }),
    )[0]?.Properties as {
      AlarmActions: [{ Ref: string }];
      Metrics?: { Id: string; Expression?: string; MetricStat?: { Metric: object } }[];
    };
  const policyOf = (name: string) =>
    template.findResources("AWS::AutoScaling::ScalingPolicy")[alarm(name).AlarmActions[0].Ref]?.Properties as Record<
      string,
      unknown
    >;

  it("grows when a job waits and there is no slot, and with the backlog, and never counts one that warms up twice", () => {
    expect(alarm("grow")).toMatchObject({
      Namespace: "Steward",
      MetricName: "BacklogPerSlot",
      Dimensions: [{ Name: "Stage", Value: "prod" }],
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      TreatMissingData: "notBreaching",
    });
    expect(policyOf("grow")).toMatchObject({
      AdjustmentType: "ChangeInCapacity",
      EstimatedInstanceWarmup: 600,
      StepAdjustments: [
        { MetricIntervalLowerBound: 0, MetricIntervalUpperBound: 3, ScalingAdjustment: 1 },
        { MetricIntervalLowerBound: 3, MetricIntervalUpperBound: 15, ScalingAdjustment: 2 },
        { MetricIntervalLowerBound: 15, ScalingAdjustment: 4 },
      ],
    });
  });

  it("goes to its minimum when nothing has waited or run for as long as the stage says", () => {
    expect(alarm("empty")).toMatchObject({
      Namespace: "Steward",
      MetricName: "JobsRunning",
      EvaluationPeriods: workers.idleMinutes,
      DatapointsToAlarm: workers.idleMinutes,
      Threshold: 0,
      ComparisonOperator: "LessThanOrEqualToThreshold",
      // Who does not know whether something runs ends nothing.
      TreatMissingData: "notBreaching",
    });
    expect(policyOf("empty")).toMatchObject({
      AdjustmentType: "ExactCapacity",
      StepAdjustments: [{ MetricIntervalUpperBound: 0, ScalingAdjustment: workers.minimum }],
    });
  });

  it("gives one of several half idle hosts back, never the last one", () => {
    const { Metrics = [], ...rest } = alarm("shrink");
    expect(rest).toMatchObject({
      EvaluationPeriods: workers.idleMinutes,
      TreatMissingData: "notBreaching",
      Threshold: 1,
    });
    expect(Metrics.flatMap(({ Expression }) => Expression ?? [])).toEqual([
      "IF(hosts > 1 AND backlog == 0 AND slots > 2 * used, 1, 0)",
    ]);
    expect(Metrics.map(({ Id }) => Id)).toEqual(expect.arrayContaining(["hosts", "backlog", "slots", "used"]));
    expect(policyOf("shrink")).toMatchObject({
      AdjustmentType: "ChangeInCapacity",
      StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: -1 }],
    });
    // Of what is wanted, not of what is there: a protected host stays, and would be counted down once more each minute.
    const hosts = Metrics.find(({ Id }) => Id === "hosts")?.MetricStat;
    expect(hosts?.Metric).toMatchObject({ Namespace: "AWS/AutoScaling", MetricName: "GroupDesiredCapacity" });
    // It is only measured where the group says so.
    template.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
      MetricsCollection: [{ Granularity: "1Minute" }],
    });
  });
});

describe("a host's configuration", () => {
  const values = { stage, region, apiUrl: `https://${domains.api.name}`, models: workers.models };
  const environment: Record<string, Record<string, string>> = hostEnvironment(values);
  /** Read by the AWS SDK and CLI themselves. */
  const ofTheSdk = ["AWS_REGION"];

  it.each([
    ["worker.env", workerVariables, readWorkerEnv],
    ["agent.env", agentVariables, readAgentEnv],
  ] as const)("%s sets only variables that its program knows, and the program takes them", (name, known, read) => {
    const variables = environment[name] ?? {};
    expect(Object.keys(variables).filter((key) => !known.includes(key) && !ofTheSdk.includes(key))).toEqual([]);
    expect(() => read(variables)).not.toThrow();
  });

  it("tells the worker its stage, models and times, and Ollama the same number of slots", () => {
    const worker = readWorkerEnv(environment["worker.env"]);
    expect(worker).toMatchObject({
      STEWARD_STAGE: stage,
      STEWARD_STATE_DIR: "/var/lib/steward-worker",
      STEWARD_WORKER_MODELS: workers.models,
      OLLAMA_HOST: "http://127.0.0.1:11434",
    });
    expect(environment["ollama.env"]?.["OLLAMA_NUM_PARALLEL"]).toBe(String(worker.OLLAMA_NUM_PARALLEL));
    expect(readAgentEnv(environment["agent.env"])).toMatchObject({ STEWARD_EXECUTOR: "ansible" });
  });

  it.each(["setup.sh", "steward-drain.sh"])("gives %s every variable that it cannot do without", (script) => {
    const text = readFileSync(join(root, "stacks/host", script), "utf8");
    const needed = [...text.matchAll(/\$\{([A-Z_0-9]+):\?\}/g)].map(([, name]) => name ?? "");
    expect(needed.length).toBeGreaterThan(3);
    expect(Object.keys(environment["host.env"] ?? {})).toEqual(expect.arrayContaining(needed));
  });

  it("leaves the drain time to give jobs back before the group and systemd lose patience", () => {
    const seconds = Number(environment["worker.env"]?.["STEWARD_DRAIN_SECONDS"]);
    expect(environment["host.env"]?.["STEWARD_DRAIN_SECONDS"]).toBe(String(seconds));
    expect(seconds).toBeGreaterThanOrEqual(1800);
    const unit = readFileSync(join(root, "packages/worker/systemd/steward-worker.service"), "utf8");
    const patience = Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]);
    expect(patience).toBeGreaterThan(seconds + 15);
    expect(terminateHook.timeoutSeconds).toBeGreaterThan(patience);
  });

  it("starts the worker with a heap that fits what it holds, not the machine's memory", () => {
    const unit = readFileSync(join(root, "packages/worker/systemd/steward-worker.service"), "utf8");
    expect(unit).toContain(`\nEnvironment="NODE_OPTIONS=${workerNodeOptions}"\n`);
  });

  it.each(Object.keys(permanentStages) as PermanentStage[])("of %s comes out of the user data as it went in", (of) => {
    const settings = settingsOf(of);
    const given = {
      stage: of,
      region,
      apiUrl: `https://${settings.domains.api.name}`,
      models: settings.workers.models,
    };
    const text = hostUserData({ ...given, files: { bucket: "b", key: "k" } });
    for (const [name, variables] of Object.entries(hostEnvironment(given))) {
      const file = new RegExp(`/etc/steward/${name} <<'END'\n([\\s\\S]*?)END\n`).exec(text)?.[1] ?? "";
      expect(readByBash(file, Object.keys(variables)), name).toEqual(variables);
      // systemd reads the same lines: a name, and a value in double quotes without anything to expand.
      for (const line of file.trim().split("\n")) expect(line).toMatch(/^[A-Z][A-Z0-9_]*="[^"$`\\]*"$/);
    }
  });

  it("refuses what a shell would read", () => {
    const models = { ...workers.models, bulk: "x$(reboot)" };
    expect(() => hostUserData({ ...values, models, files: { bucket: "b", key: "k" } })).toThrow("STEWARD_MODELS");
  });
});

describe("the user data", () => {
  it("fits, is bash, has the pins and no secret", () => {
    const text = userData();
    expect(Buffer.byteLength(text)).toBeLessThan(16_384);
    expect(spawnSync("bash", ["--norc", "-n"], { input: text }).status).toBe(0);
    for (const { version, url, sha256 } of [pins.node, pins.ollama]) {
      expect(url).toContain(`v${version}/`);
      expect(text).toContain(url);
      expect(text).toContain(sha256);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(text).toContain(`${pins.ansible.package}=${pins.ansible.version}`);
    // Only where the secret will be, never what is in it; and no key of any cloud.
    expect(text).not.toMatch(/token|password|BEGIN|AKIA|aws_secret/i);
  });

  it("fetches the very files that the stack publishes, all of them", () => {
    const [, bucket, key] = /s3:\/\/([^/]+)\/(\S+)/.exec(userData()) ?? [];
    const manifest = JSON.parse(readFileSync(join(outdir, stage, "steward-prod-workers.assets.json"), "utf8")) as {
      files: Record<
        string,
        {
          source: { path: string; packaging: string };
          destinations: Record<string, { bucketName: string; objectKey: string }>;
        }
      >;
    };
    const file = Object.values(manifest.files).find(({ destinations }) =>
      Object.values(destinations).some((one) => one.objectKey === key && one.bucketName === bucket),
    );
    expect(file?.source.packaging).toBe("zip");
    const folder = join(outdir, stage, file?.source.path ?? "");
    expect(new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }))).toEqual(
      new Set([
        "agent",
        "agent/install.sh",
        "agent/steward-agent.mjs",
        "agent/steward-agent.service",
        "ollama.service",
        "setup.sh",
        "steward-agent.service",
        "steward-drain.service",
        "steward-drain.sh",
        "steward-worker.service",
        "worker",
        "worker/install.sh",
        "worker/steward-worker.mjs",
        "worker/steward-worker.service",
      ]),
    );
    expect(statSync(join(folder, "worker/steward-worker.mjs")).size).toBeGreaterThan(100_000);
  });
});

describe("the units", () => {
  const files = ["stacks/host", "packages/worker/systemd", "packages/agent/systemd"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".service"))
      .map((name) => join(root, folder, name)),
  );
  const text = (name: string) => readFileSync(files.find((file) => file.endsWith(`/${name}.service`)) ?? "", "utf8");
  const setup = readFileSync(join(root, "stacks/host/setup.sh"), "utf8");

  it("start what the setup installs, with a configuration that the user data writes, and come back after a fault", () => {
    const written = Object.keys(
      hostEnvironment({ stage, region, apiUrl: "https://a.example", models: workers.models }),
    );
    for (const file of files) {
      const unit = readFileSync(file, "utf8");
      const program = /^ExecStart=\/usr\/local\/bin\/([\w-]+)/m.exec(unit)?.[1] ?? "";
      if (program !== "ollama") expect(setup, file).toContain(`/usr/local/bin/${program}`);
      expect(written, file).toContain(/^EnvironmentFile=\/etc\/steward\/(.+)$/m.exec(unit)?.[1]);
      expect(unit, file).toMatch(/^Restart=(always|on-failure)$/m);
      expect(setup, file).toContain(`${file.split("/").at(-1)}`);
    }
  });

  it("keep the worker to itself and models away from the instance's role; the agent is root because playbooks are", () => {
    for (const line of [
      "User=steward-worker",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
      "CapabilityBoundingSet=",
      "StateDirectory=steward-worker",
      "KillSignal=SIGTERM",
      "Restart=always",
    ]) {
      expect(text("steward-worker").split("\n")).toContain(line);
    }
    expect(text("ollama")).toMatch(/^IPAddressDeny=169\.254\.169\.254\/32 fd00:ec2::254\/128$/m);
    expect(text("ollama")).toMatch(/^User=ollama$/m);
    expect(text("steward-agent")).not.toMatch(/^(User|ProtectSystem|NoNewPrivileges)=/m);
  });

  it.skipIf(spawnSync("systemd-analyze", ["--version"]).status !== 0)("are units to systemd itself", () => {
    const { stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...files], { encoding: "utf8" });
    // The programs themselves are not here; anything else that it says of these files is a mistake in them.
    const own = files.map((file) => file.split("/").at(-1) ?? "");
    const complaints = `${stdout}${stderr}`.split("\n").filter((line) => own.some((name) => line.includes(name)));
    expect(complaints.filter((line) => !line.endsWith("is not executable: No such file or directory"))).toEqual([]);
  });
});

it("a minimum of the stage is what the group keeps", () => {
  const staging = synthesize("staging");
  const { workers: ofStaging } = settingsOf("staging");
  staging.hasResourceProperties("AWS::AutoScaling::AutoScalingGroup", {
    MaxSize: String(ofStaging.maximum),
    MixedInstancesPolicy: { InstancesDistribution: { OnDemandBaseCapacity: ofStaging.onDemandBase } },
  });
});
