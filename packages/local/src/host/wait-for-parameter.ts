import { setTimeout as pause } from "node:timers/promises";
import { createSsm } from "@steward/aws/clients/ssm";
import { createParameters } from "@steward/aws/parameters";

/** The parameter's value, as soon as there is one: the first start of a stage makes it while the host is coming up. */
export async function waitForParameter(
  cloud: Parameters<typeof createSsm>[0],
  name: string,
  everyMs = 25,
): Promise<string> {
  const parameters = createParameters(createSsm(cloud));
  for (;;) {
    const value = await parameters.get(name);
    if (value !== undefined) return value;
    await pause(everyMs);
  }
}
