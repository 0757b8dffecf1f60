import {
  CreateActivationCommand,
  DeregisterManagedInstanceCommand,
  DescribeInstanceInformationCommand,
  SendCommandCommand,
  type SSMClient,
} from "@aws-sdk/client-ssm";
import { AppError } from "@steward/contracts/errors";
import { nodeTag, stageTag } from "@steward/contracts/names";
import { awsFault, calling, isNamed } from "./faults.ts";

/** SSM's limit of values to one target key. */
const nodesPerCommand = 50;

export interface Rung {
  /** Nodes that SSM took a command for. Whether it reaches them is another matter: the heartbeat is the second way. */
  rung: string[];
  failed: { nodeIds: string[]; reason: string; retryable: boolean }[];
}

/**
 * Rings the doorbell of appliances: a command that names nothing but the rollout and makes them fetch now. Ringing twice
 * does no harm; a part that fails leaves the other parts alone. `ssm` must be made with `maxAttempts: 1` (`clients.ssmOnce`).
 */
export async function ringBySsm({
  ssm,
  document,
  nodeIds,
  rolloutId,
}: {
  ssm: SSMClient;
  document: string;
  nodeIds: readonly string[];
  rolloutId: string;
}): Promise<Rung> {
  // SendCommand knows no token: every retry of a lost reply would be one more command on the bill.
  if ((await ssm.config.maxAttempts()) !== 1) {
    throw new AppError("internal", "a doorbell needs an SSM client without retries", { retryable: false });
  }
  const outcome: Rung = { rung: [], failed: [] };
  for (let start = 0; start < nodeIds.length; start += nodesPerCommand) {
    const part = nodeIds.slice(start, start + nodesPerCommand);
    try {
      await ssm.send(
        new SendCommandCommand({
          DocumentName: document,
          Parameters: { rolloutId: [rolloutId] },
          Targets: [{ Key: `tag:${nodeTag}`, Values: part }],
          // Unset it would be 50, and errors beyond the first would stop the rest.
          MaxConcurrency: String(nodesPerCommand),
          MaxErrors: "100%",
          // How long SSM tries to reach a node that is away; its heartbeat tells it later than that.
          TimeoutSeconds: 600,
          Comment: rolloutId,
        }),
      );
      outcome.rung.push(...part);
    } catch (error) {
      const fault = awsFault(error, "ring by SSM");
      outcome.failed.push({ nodeIds: part, reason: fault.message, retryable: fault.retryable });
    }
  }
  return outcome;
}

/** A registration for one machine, good for a day: its agent shows it to SSM. The code is a secret. */
export async function createActivation(
  ssm: SSMClient,
  { stage, nodeId, role }: { stage: string; nodeId: string; role: string },
): Promise<{ id: string; code: string }> {
  const answer = await calling("register a machine with SSM", () =>
    ssm.send(
      new CreateActivationCommand({
        IamRole: role,
        RegistrationLimit: 1,
        DefaultInstanceName: nodeId,
        Tags: [
          { Key: nodeTag, Value: nodeId },
          // The dispatcher may ring only what carries its own stage.
          { Key: stageTag, Value: stage },
        ],
      }),
    ),
  );
  if (answer.ActivationId === undefined || answer.ActivationCode === undefined) {
    throw new AppError("internal", "SSM gave no activation");
  }
  return { id: answer.ActivationId, code: answer.ActivationCode };
}

/**
 * Takes a machine's registration away: SSM runs nothing on it any more, and its agent's keys are void. It is found by its
 * tag, as only SSM knows the id that the machine was given. One that is gone already is as good.
 */
export async function deregister(ssm: SSMClient, nodeId: string): Promise<void> {
  const answer = await calling("look for a machine in SSM", () =>
    ssm.send(
      new DescribeInstanceInformationCommand({
        Filters: [{ Key: `tag:${nodeTag}`, Values: [nodeId] }],
        MaxResults: 50,
      }),
    ),
  );
  for (const { InstanceId } of answer.InstanceInformationList ?? []) {
    // An instance of EC2 is managed by its role and cannot be taken off here.
    if (InstanceId === undefined || !InstanceId.startsWith("mi-")) continue;
    await calling("deregister a machine from SSM", async () => {
      try {
        await ssm.send(new DeregisterManagedInstanceCommand({ InstanceId }));
      } catch (error) {
        if (!isNamed(error, "InvalidInstanceId")) throw error;
      }
    });
  }
}

/** How many machines SSM knows in this account and region, whichever stage's; counted no further than `enough`. */
export async function countManaged(ssm: SSMClient, enough: number): Promise<number> {
  let count = 0;
  let NextToken: string | undefined;
  do {
    const page = await calling("count the machines that SSM knows", () =>
      ssm.send(
        new DescribeInstanceInformationCommand({ MaxResults: 50, ...(NextToken === undefined ? {} : { NextToken }) }),
      ),
    );
    // An instance of EC2 (`i-…`) is none of those that are charged.
    count += (page.InstanceInformationList ?? []).filter(({ InstanceId }) => InstanceId?.startsWith("mi-")).length;
    NextToken = page.NextToken;
  } while (NextToken !== undefined && count < enough);
  return count;
}
