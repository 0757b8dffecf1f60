import {
  GetSecretValueCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  RestoreSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import {
  CreateActivationCommand,
  GetCommandInvocationCommand,
  ListCommandsCommand,
  SendCommandCommand,
} from "@aws-sdk/client-ssm";
import { resourceNames } from "@steward/contracts/names";
import { afterEach, beforeEach, expect, test } from "vitest";
import { signRequest } from "../src/cloud/sigv4.ts";
import { type Cloud, startCloud } from "../src/cloud/start-cloud.ts";
import { temporaryFolder } from "./cloud-process.ts";
import { clientsOf, errorOf, eventually, fullAccess } from "./contract/target.ts";

/** What happens only after minutes or days, on a clock that the test turns. */
let folder: ReturnType<typeof temporaryFolder>;
let cloud: Cloud;
let aheadMs = 0;
const names = resourceNames("clock");

const start = () =>
  startCloud({ stateDir: folder.path, stage: "clock", credentials: [fullAccess], now: () => Date.now() + aheadMs });
beforeEach(async () => {
  aheadMs = 0;
  folder = temporaryFolder();
  cloud = await start();
});
afterEach(async () => {
  await cloud.close();
  folder.remove();
});

/** Clients whose clocks go with the cloud's. */
function clients() {
  const made = clientsOf(cloud.endpoint, fullAccess);
  for (const client of Object.values(made)) client.config.systemClockOffset = aheadMs;
  return made;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

async function instance() {
  const { ActivationId, ActivationCode } = await clients().ssm.send(new CreateActivationCommand({ IamRole: "x" }));
  const answer = await post("/_ssm/register", { activationId: ActivationId, activationCode: ActivationCode });
  return (await answer.json()) as { instanceId: string; accessKeyId: string; secretAccessKey: string; region: string };
}
function post(path: string, input: object, headers: Record<string, string> = {}) {
  return fetch(new URL(path, cloud.endpoint), { method: "POST", headers, body: JSON.stringify(input) });
}
function poll(machine: Awaited<ReturnType<typeof instance>>) {
  const input = { waitMs: 0 };
  const { host: _, ...headers } = signRequest(
    { method: "POST", url: new URL("/_ssm/poll", cloud.endpoint), headers: {}, body: JSON.stringify(input) },
    { ...machine, service: "ssm", nowMs: Date.now() + aheadMs },
  );
  return post("/_ssm/poll", input, headers);
}

test("a message is dropped after its retention period, and stays dropped", async () => {
  const { QueueUrl } = await clients().sqs.send(
    new CreateQueueCommand({ QueueName: "short", Attributes: { MessageRetentionPeriod: "60" } }),
  );
  await clients().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "old" }));
  aheadMs = 61_000;
  await clients().sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "new" }));
  const { Attributes } = await clients().sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }),
  );
  expect(Attributes?.ApproximateNumberOfMessages).toBe("1");
  await cloud.close();
  cloud = await start();
  const { Messages } = await clients().sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: QueueUrl?.replace(/:\d+\//, `:${cloud.port}/`),
      MaxNumberOfMessages: 10,
    }),
  );
  expect(Messages?.map(({ Body }) => Body)).toEqual(["new"]);
});

test("a command that no machine takes times out by its TimeoutSeconds; one that is never answered, by its execution", async () => {
  const away = await instance();
  const silent = await instance();
  const { Command } = await clients().ssm.send(
    new SendCommandCommand({
      DocumentName: names.wakeDocument,
      InstanceIds: [away.instanceId, silent.instanceId],
      Parameters: { rolloutId: ["rol_01k0000000000000000000000a"] },
      TimeoutSeconds: 30,
    }),
  );
  const CommandId = Command?.CommandId;
  const taken = (await (await poll(silent)).json()) as { commands: unknown[] };
  expect(taken.commands).toHaveLength(1);
  const details = async (InstanceId: string) =>
    (await clients().ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }))).StatusDetails;
  aheadMs = 31_000;
  await eventually(async () => ((await details(away.instanceId)) === "DeliveryTimedOut" ? true : undefined));
  expect(await details(silent.instanceId)).toBe("InProgress");
  aheadMs = 61 * minuteMs;
  await eventually(async () => ((await details(silent.instanceId)) === "ExecutionTimedOut" ? true : undefined));
  const { Commands } = await clients().ssm.send(new ListCommandsCommand({ CommandId }));
  expect(Commands?.[0]).toMatchObject({ Status: "TimedOut", DeliveryTimedOutCount: 1, ErrorCount: 1 });
  // And a machine that comes back later does not get it.
  const late = (await (await poll(away)).json()) as { commands: unknown[] };
  expect(late.commands).toEqual([]);
});

test("an activation cannot be used once it has expired", async () => {
  const { ActivationId, ActivationCode } = await clients().ssm.send(new CreateActivationCommand({ IamRole: "x" }));
  aheadMs = dayMs + minuteMs;
  const answer = await post("/_ssm/register", { activationId: ActivationId, activationCode: ActivationCode });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("has expired");
});

test("a deleted secret can be restored within its window, and not after", async () => {
  const { secrets } = clients();
  await secrets.send(new CreateSecretCommand({ Name: "s", SecretString: "x" }));
  await secrets.send(new DeleteSecretCommand({ SecretId: "s", RecoveryWindowInDays: 7 }));
  aheadMs = 6 * dayMs;
  await clients().secrets.send(new RestoreSecretCommand({ SecretId: "s" }));
  await clients().secrets.send(new DeleteSecretCommand({ SecretId: "s", RecoveryWindowInDays: 7 }));
  aheadMs = 14 * dayMs;
  const error = await errorOf(clients().secrets.send(new RestoreSecretCommand({ SecretId: "s" })));
  expect(error.name).toBe("ResourceNotFoundException");
  // The name is free again.
  await clients().secrets.send(new CreateSecretCommand({ Name: "s", SecretString: "y" }));
  const { SecretString } = await clients().secrets.send(new GetSecretValueCommand({ SecretId: "s" }));
  expect(SecretString).toBe("y");
});
