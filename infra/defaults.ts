import { resourceNames } from "@steward/contracts/names";
import { type Account, isLive } from "./platform.ts";
import type { Stage } from "./stage.ts";

/** What holds for every function and role, whoever makes it. To be set before the first one is made. */
export function setDefaults(stage: Stage, { account, partition }: Account): void {
  if (stage.permanent) {
    // Without it the deploy role may make no role.
    const boundary = `arn:${partition}:iam::${account}:policy/${resourceNames(stage.name).appBoundary}`;
    $transform(aws.iam.Role, (args) => {
      args.permissionsBoundary = boundary;
    });
  }
  $transform(sst.aws.Function, (args) => {
    args.architecture ??= "arm64";
    args.runtime ??= "nodejs24.x";
    args.logging ??= { format: "json" };
    args.transform = {
      ...args.transform,
      logGroup: { retentionInDays: stage.logDays },
      // Live, the developer's machine takes the function's role, and the function speaks through SST's bridge.
      ...(isLive() && args.dev !== false
        ? {}
        : { role: onlyLambda(), function: onlyOurVariables(stage, args.environment) }),
    };
  });
}

/**
 * SST 4.17.1 lets whoever the account trusts take every function's role, and gives it every log group of the account:
 * here Lambda alone takes it, and it has what `functions.ts` says.
 */
function onlyLambda(): Partial<aws.iam.RoleArgs> {
  return {
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }),
    managedPolicyArns: [],
  };
}

/**
 * SST adds the key of its linked resources. Nothing is linked here, and a key has no place in an environment.
 *
 * And Lambda's own two lines for every heartbeat that went well, 600 bytes, would cost a sixth of all that an appliance
 * costs (`docs/cost.md`). What goes wrong is a warning, and stays.
 */
function onlyOurVariables(stage: Stage, environment: sst.aws.FunctionArgs["environment"]) {
  const ours = $util
    .output(environment ?? {})
    .apply((variables) => Object.fromEntries(Object.entries(variables).filter(([name]) => !name.startsWith("SST_"))));
  const heartbeat = resourceNames(stage.name).lambda("heartbeat");
  return (args: aws.lambda.FunctionArgs): undefined => {
    args.environment = { variables: ours };
    if (args.name !== heartbeat || args.loggingConfig === undefined) return;
    args.loggingConfig = $util.output(args.loggingConfig).apply((config) => ({ ...config, systemLogLevel: "WARN" }));
  };
}
