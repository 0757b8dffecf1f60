import {
  laneQueue,
  lanes,
  type QueueName,
  queueDefinitions,
  queueNames,
  resourceNames,
} from "@steward/contracts/names";
import { type Unnamed, onQueue, inARow } from "./alarm.ts";

const laneQueues: readonly QueueName[] = lanes.map(laneQueue);

export function queueAlarms(stage: string): Unnamed[] {
  const names = resourceNames(stage);
  return queueNames.flatMap((queue): Unnamed[] => {
    const { ageSloSeconds } = queueDefinitions[queue];
    const lane = laneQueues.includes(queue);
    return [
      {
        id: `${queue}-old`,
        madeBy: "stacks",
        // What a lane cannot do in time goes to Claude; a rollout that stands still, or news that nobody gets, has no other way.
        severity: lane || queue === "notifications" ? "ticket" : "page",
        summary: `Messages of the queue ${queue} have waited longer than the ${ageSloSeconds} s that it promises.`,
        runbook: lane ? "lane-too-old" : "queue-too-old",
        ...onQueue(names.queue(queue), "ApproximateAgeOfOldestMessage"),
        comparison: "GreaterThanThreshold",
        threshold: ageSloSeconds,
        // The age counts a message until it is deleted, so the one at work is in it. A lane may also be waiting for the
        // first GPU host to start, which takes five to eight minutes and is as it should be.
        ...inARow(lane || queue === "escalations" ? 10 : 5),
        missingData: "notBreaching",
      },
      {
        id: `${queue}-dead-letters`,
        madeBy: "stacks",
        severity: "ticket",
        summary: `The queue ${queue} has given up on a message. It is kept for 14 days; somebody has to look at it.`,
        runbook: "dead-letters",
        ...onQueue(names.deadLetterQueue(queue), "ApproximateNumberOfMessagesVisible"),
        comparison: "GreaterThanThreshold",
        threshold: 0,
        ...inARow(1),
        missingData: "notBreaching",
      },
    ];
  });
}
