import { resourceNames, rotatedSecretNames, rotatedSecrets } from "@steward/contracts/names";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { instanceEventTypes } from "@steward/functions/instance-event";
import { componentName } from "./platform.ts";
import type { Stage } from "./stage.ts";
import type { Storage } from "./storage.ts";

/** What comes to functions of itself: messages of their queues, and what happens to the worker group. */
export function subscribe(
  stage: Stage,
  storage: Storage,
  functions: Readonly<Record<FunctionName, sst.aws.Function>>,
): void {
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  for (const name of functionNames) {
    const { trigger, concurrency } = definitions[name];
    if (trigger.kind === "queue") {
      new aws.lambda.EventSourceMapping(componentName(name, "Messages"), {
        eventSourceArn: storage.queueArn(trigger.queue),
        functionName: functions[name].arn,
        batchSize: trigger.batchSize,
        // A message that failed comes back alone; without this the whole batch would.
        functionResponseTypes: ["ReportBatchItemFailures"],
        // SQS takes no less than 2.
        scalingConfig: { maximumConcurrency: Math.max(2, concurrency) },
      });
    }
    if (trigger.kind === "rotation") rotateSecrets(stage, storage, name, functions[name]);
    // A personal stage has no worker group: its worker runs where its owner is.
    if (trigger.kind === "worker-group" && stage.permanent) watchWorkerGroup(stage, name, functions[name]);
  }
}

/**
 * The secret is `stacks/`' to make and its function ours, so its schedule is set here, where both are known. Without
 * rotating at once: a deploy changes no secret.
 */
function rotateSecrets(stage: Stage, storage: Storage, name: FunctionName, fn: sst.aws.Function): void {
  for (const secret of rotatedSecretNames) {
    const secretArn = storage.place.apply(({ secretArns }) => secretArns[secret] ?? "");
    const permission = new aws.lambda.Permission(componentName(name, secret, "Permission"), {
      action: "lambda:InvokeFunction",
      function: fn.arn,
      principal: "secretsmanager.amazonaws.com",
      sourceArn: secretArn,
      sourceAccount: storage.place.apply(({ account }) => account),
    });
    new aws.secretsmanager.SecretRotation(
      componentName(name, secret, "Rotation"),
      {
        secretId: secretArn,
        rotationLambdaArn: fn.arn,
        rotateImmediately: false,
        rotationRules: { automaticallyAfterDays: rotatedSecrets[secret].everyDays },
      },
      { dependsOn: [permission] },
    );
  }
}

function watchWorkerGroup(stage: Stage, name: FunctionName, fn: sst.aws.Function): void {
  const rule = new aws.cloudwatch.EventRule(componentName(name, "Rule"), {
    name: resourceNames(stage.name).lambda(name),
    description: "An instance of the worker group starts, or has ended",
    eventPattern: JSON.stringify({
      source: ["aws.autoscaling"],
      "detail-type": instanceEventTypes,
      detail: { AutoScalingGroupName: [resourceNames(stage.name).workerGroup] },
    }),
  });
  const permission = new aws.lambda.Permission(componentName(name, "Permission"), {
    action: "lambda:InvokeFunction",
    function: fn.arn,
    principal: "events.amazonaws.com",
    sourceArn: rule.arn,
  });
  new aws.cloudwatch.EventTarget(
    componentName(name, "Target"),
    { rule: rule.name, arn: fn.arn },
    { dependsOn: [permission] },
  );
}
