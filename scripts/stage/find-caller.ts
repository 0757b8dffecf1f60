import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { clientConfiguration, type ClientOptions } from "@steward/aws/clients/options";

export interface Caller {
  account: string;
  arn: string;
}

/** Whose credentials are at work. `unknown` says why nobody can tell: none are found, they ended, or AWS is out of reach. */
export async function findCaller(options: ClientOptions): Promise<Caller | { unknown: string }> {
  const sts = new STSClient(clientConfiguration(options));
  try {
    const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
    return Account === undefined || Arn === undefined
      ? { unknown: "the answer of STS names no account" }
      : { account: Account, arn: Arn };
  } catch (error) {
    return { unknown: error instanceof Error ? error.message : String(error) };
  } finally {
    sts.destroy();
  }
}
