import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorOf, fullAccess, openTarget, ours, type Target } from "./target.ts";

let target: Target;
const clientOf = (secretAccessKey: string) =>
  new STSClient({
    endpoint: target.endpoint,
    region: "us-east-1",
    credentials: ours ? { ...fullAccess, secretAccessKey } : { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
  });

beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target.close());

test("whoever signs is told who he is", async () => {
  const { Account, Arn } = await clientOf(fullAccess.secretAccessKey).send(new GetCallerIdentityCommand({}));
  expect(Account).toMatch(/^\d{12}$/);
  expect(Arn).toContain(`:${Account}:`);
});

test.runIf(ours)("a wrong key is refused, and so is what the cloud does not do", async () => {
  const wrong = clientOf("wrong-secret-0123456789").send(new GetCallerIdentityCommand({}));
  expect(await errorOf(wrong)).toMatchObject({ name: "InvalidSignatureException" });
  const other = clientOf(fullAccess.secretAccessKey).send(new GetSessionTokenCommand({}));
  expect(await errorOf(other)).toMatchObject({ name: "InvalidAction" });
});
