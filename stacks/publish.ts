import { Stack, Token } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { type ParameterName, resourceNames } from "@steward/contracts/names";
import { parameterSchema } from "@steward/contracts/stage-parameters";

/**
 * Tells the rest of the stage what this stack made, as the parameter that `infra/` and the functions read. A value that
 * AWS chooses at the deploy cannot be checked here; any other must have the parameter's shape.
 */
export function publish(stack: Stack, stage: string, parameter: ParameterName, value: string): void {
  const checked = Token.isUnresolved(value) ? undefined : parameterSchema(parameter).safeParse(value);
  if (checked?.success === false) {
    const problems = checked.error.issues.map((issue) => issue.message).join("; ");
    throw new RangeError(`${stack.stackName} publishes ${parameter} as "${value}", which is not ${problems}`);
  }
  const id = `Publish-${parameter.replaceAll("/", "-")}`;
  new StringParameter(stack, id, { parameterName: resourceNames(stage).parameter(parameter), stringValue: value });
}
