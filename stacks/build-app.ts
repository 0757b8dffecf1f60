import { App, type Stack, Validations } from "aws-cdk-lib";
import { resourceNames, stageTag } from "@steward/contracts/names";
import { AwsSolutionsChecks } from "cdk-nag";
import cdk from "../cdk.json" with { type: "json" };
import type { StageSettings } from "../infra/stage-settings.ts";
import { type PermanentStage, settingsOf } from "../infra/stages.ts";
import { AppliancesStack } from "./appliances.ts";
import { DataStack } from "./data.ts";
import { NetworkStack } from "./network.ts";
import { ObservabilityStack } from "./observability.ts";
import { OperationsStack } from "./operations.ts";
import { QueuesStack } from "./queues.ts";
import type { stackNames } from "./stack-names.ts";
import type { StageProps } from "./stage-props.ts";
import {
  parseTemplate,
  readStatefulList,
  StatefulGuard,
  type StatefulResource,
  type Template,
} from "./stateful-guard.ts";
import { WorkersStack } from "./workers.ts";

export interface BuildOptions {
  /** Where the templates go. Absent: where the CDK wants them, or a temporary folder. */
  outdir?: string;
  /** Absent: those of `infra/stages.ts`. */
  settings?: StageSettings;
  /** What must stay; absent: `stateful.json`. `false` is for the program that writes that list. */
  guarded?: readonly StatefulResource[] | false;
}

/**
 * All stacks of a permanent stage. Its synth fails on whatever CloudFormation's own rules or cdk-nag find and nobody has
 * explained, and on anything stateful that would go. The feature flags are cdk.json's, with the CDK's program or without.
 */
export function buildApp(stage: PermanentStage, options: BuildOptions = {}): { app: App; stacks: Stack[] } {
  const { settings = settingsOf(stage), guarded = readStatefulList()[stage] ?? [], outdir } = options;
  const app = new App({
    context: cdk.context,
    autoSynth: false,
    analyticsReporting: false,
    ...(outdir === undefined ? {} : { outdir }),
  });
  const { account, region } = settings;
  const props: StageProps = { stage, settings, env: { account, region } };
  const id = (name: (typeof stackNames)[number]) => `${resourceNames(stage).prefix}-${name}`;

  const network = new NetworkStack(app, id("network"), props);
  const data = new DataStack(app, id("data"), props);
  const queues = new QueuesStack(app, id("queues"), props);
  const appliances = new AppliancesStack(app, id("appliances"), props);
  const operations = new OperationsStack(app, id("operations"), { ...props, table: data.table, dataKey: data.dataKey });
  const workers = new WorkersStack(app, id("workers"), {
    ...props,
    vpc: network.vpc,
    securityGroup: network.workerSecurityGroup,
  });
  const observability = new ObservabilityStack(app, id("observability"), {
    ...props,
    alarmTopic: operations.alarmTopic,
  });

  const stacks = [network, data, queues, appliances, operations, workers, observability];
  for (const stack of stacks) {
    stack.terminationProtection = true;
    // CloudFormation hands the tags of a stack down to whatever it makes.
    stack.tags.setTag(stageTag, stage);
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  if (guarded !== false) Validations.of(app).addPlugins(new StatefulGuard(guarded));
  return { app, stacks };
}

/** The templates, by stack name. Throws when the synth is refused. */
export function templatesOf({ app }: { app: App }): Record<string, Template> {
  return Object.fromEntries(
    app.synth().stacks.map(({ stackName, template }) => [stackName, parseTemplate(JSON.stringify(template))]),
  );
}
