import { InvokeCommand, type InvokeCommandOutput, LambdaClient } from "@aws-sdk/client-lambda";
import { clientConfiguration, type ClientOptions } from "@steward/aws/clients/options";
import { awsFault, isNamed } from "@steward/aws/faults";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { functionDefinitions } from "@steward/functions/definitions";
import type { StageChannel } from "@steward/local/stage-setup";
import { z } from "zod";

const failureSchema = z.object({ errorMessage: z.string(), errorType: z.string().optional() });
const again = "Run this again: what was done is found done, and the rest is made.";

/**
 * Invokes a stage's functions in Lambda, with the caller's own right to (`lambda:InvokeFunction`). Each call is made once:
 * a second try while the first one runs on would meet it in the middle. Whoever lost an answer starts again.
 */
export function createLambdaChannel({ stage, ...options }: ClientOptions & { stage: string }): StageChannel {
  const names = resourceNames(stage);
  return {
    invoke: async (name, event, answer) => {
      const functionName = names.lambda(name);
      const lambda = new LambdaClient({
        ...clientConfiguration({ ...options, maxAttempts: 1 }),
        // The answer comes when the function has ended, however long it may take.
        requestHandler: {
          connectionTimeout: 5_000,
          requestTimeout: (functionDefinitions[name].timeoutSeconds + 10) * 1000,
          throwOnRequestTimeout: true,
        },
      });
      try {
        const Payload = Buffer.from(JSON.stringify(event));
        const output = await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload }));
        return read(functionName, output, answer);
      } catch (error) {
        if (isNamed(error, "ResourceNotFoundException")) {
          throw new AppError(
            "not_found",
            `there is no function ${functionName} in ${options.region ?? "this region"}`,
            {
              next: `Deploy the stage first: npx sst deploy --stage ${stage}`,
            },
          );
        }
        const fault = awsFault(error, `run ${functionName}`);
        throw fault.code !== "unavailable"
          ? fault
          : new AppError("unavailable", fault.message, { cause: fault.cause, next: again });
      } finally {
        lambda.destroy();
      }
    },
  };
}

function read<Schema extends z.ZodType>(
  functionName: string,
  { FunctionError, Payload }: InvokeCommandOutput,
  answer: Schema,
): z.output<Schema> {
  const text = Payload?.transformToString() ?? "";
  if (FunctionError !== undefined) {
    const failure = failureSchema.safeParse(parseJson(text));
    const said = failure.success ? failure.data.errorMessage : `${FunctionError}, without a reason`;
    throw new AppError("internal", `the function ${functionName} failed: ${said}`, {
      next: `${again} Its log is /aws/lambda/${functionName}.`,
      retryable: false,
    });
  }
  const parsed = answer.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new AppError("internal", `${functionName} answers in a way that this checkout does not know`, {
    next: "Check out the version that is deployed, or deploy this one.",
    cause: parsed.error,
    retryable: false,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
