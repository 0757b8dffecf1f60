import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { principalNames } from "@steward/contracts/permissions";
import { z } from "zod";

/**
 * One kind of call that a part of Steward made: what it asked to do, with what, and whether it may. A granted question is
 * noted once for each right that answered it, with the first name that was asked for as the example.
 */
export const recordedCallSchema = z.object({
  stage: z.string(),
  principal: z.enum(principalNames),
  /** `sqs:SendMessage` */
  action: z.string(),
  /** The service's own name of what was asked for: `steward-local-rollouts`, `bucket/key`. */
  resource: z.string(),
  allowed: z.boolean(),
});
export type RecordedCall = z.infer<typeof recordedCallSchema>;

export interface Question {
  principal: string;
  action: string;
  resource: string;
  /** The pattern of the grant that allows it; undefined where none does. */
  grantedBy: string | undefined;
}

/**
 * What tests put into the User-Agent of their own calls (`AWS_SDK_UA_APP_ID`). A test may borrow a part's keys, to look at
 * a record or to try what the part must not do; that is not the part's call, and proves nothing about its rights.
 */
export const testAppId = "steward-test";

/**
 * Notes the calls of this process in a file of its own in `directory`, one JSON line each. A line is written at first
 * sight and not at the end: whoever records is killed by the tests that he records.
 */
export function createCallRecorder(directory: string, stage: string): (question: Question) => void {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `calls-${process.pid}-${Date.now()}.jsonl`);
  const known = new Set<string>();
  return ({ principal, action, resource, grantedBy }) => {
    // Keys that a test made up are nobody's.
    const part = principalNames.find((name) => name === principal);
    if (part === undefined) return;
    const key = `${part} ${action} ${grantedBy ?? `refused ${resource}`}`;
    if (known.has(key)) return;
    known.add(key);
    const call: RecordedCall = { stage, principal: part, action, resource, allowed: grantedBy !== undefined };
    appendFileSync(file, `${JSON.stringify(call)}\n`);
  };
}
