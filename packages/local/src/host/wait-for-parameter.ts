import { setTimeout as pause } from "node:timers/promises";
import { createSsm } from "@steward/aws/clients/ssm";
import { getParameter } from "@steward/aws/parameters";

/**
 * The parameter's value, as soon as there is one. At the first start of a stage it is made while the host comes up, and
 * the cloud itself may be a moment late.
 */
export async function waitForParameter(
  cloud: Parameters<typeof createSsm>[0],
  name: string,
  everyMs = 25,
): Promise<string> {
  const ssm = createSsm({ ...cloud, maxAttempts: 1 });
  for (;;) {
    const value = await getParameter(ssm, name).catch((error: unknown) => {
      if (error instanceof Error && "retryable" in error && error.retryable === false) throw error;
      return undefined;
    });
    if (value !== undefined) return value;
    await pause(everyMs);
  }
}
