/** What the worker group, its instances and the function that looks after them have to agree on. */

/** An instance is held here until it may enrol. One that nobody invited in time is ended, and another one started. */
export const launchHook = { name: "invite", timeoutSeconds: 600 } as const;

/** An instance is held here until its jobs have ended: as long as the longest job may run, and a minute. */
export const terminateHook = { name: "drain", timeoutSeconds: 1_860 } as const;

/** Tag of an instance's secret; its value is the instance's ARN, which is what lets that instance alone read it. */
export const instanceTag = "steward-instance";

const tagKey = "instance:";

/** The instance that a node is of, by its tags. */
export function instanceOf(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(tagKey))?.slice(tagKey.length);
}

/** The nodes of one instance: the worker, and the appliance by which the provider's own actions reach the machine. */
export function instanceNodes(instanceId: string) {
  const name = `gpu-${instanceId.replace(/^i-/, "")}`;
  return { worker: name, appliance: `${name}-host`, tag: `${tagKey}${instanceId}` };
}
