import { lanes, laneQueue, resourceNames, workerQueue } from "./names.ts";
import { policyStatements, type StagePlace } from "./policy.ts";

type Place = Omit<StagePlace, "secretArns">;

/** Who may lend the role's rights on: the functions of the stage, of which one has the right to. */
export function queueRole({ stage, partition, account }: Place) {
  return {
    description: "Workers on hosts of somebody's own: the lanes, and each its own queue, for an hour at a time",
    principal: `arn:${partition}:iam::${account}:root`,
    conditions: {
      ArnLike: { "aws:PrincipalArn": `arn:${partition}:iam::${account}:role/${resourceNames(stage).prefix}-*` },
    },
  };
}

/** What of the role one worker gets: the session has what both the role and this allow. */
export function queueSessionPolicy(place: Place, workerId: string): object {
  const names = resourceNames(place.stage);
  const [receives] = policyStatements("worker", { ...place, secretArns: {} });
  const arn = (name: string) => `arn:${place.partition}:sqs:${place.region}:${place.account}:${name}`;
  const queues = [...lanes.map(laneQueue), workerQueue(workerId)].map((name) => arn(names.queue(name)));
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: receives?.actions ?? [], Resource: queues }],
  };
}
