import { AppError } from "@steward/contracts/errors";
import type { readScheduleSchema, scheduleReadingSchema } from "@steward/contracts/schedule";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import { readWhen } from "@steward/core/schedule/read-when";
import { checkRecurrence } from "@steward/contracts/due-times";
import type { z } from "zod";
import type { Caller, Context } from "./context.ts";
import { loadFacts, resolveTargets } from "./load-targets.ts";

/**
 * Words as a time and typed steps, by rules alone: a schedule runs what a person saw, and never words. Throws
 * `unprocessable` where they say no single time, or not one thing to do with all of its values.
 */
export async function readSchedule(
  deps: Pick<Context, "table" | "actions">,
  caller: Caller,
  body: z.infer<typeof readScheduleSchema>,
): Promise<z.infer<typeof scheduleReadingSchema>> {
  const read = readWhen(body.text, body.timeZone);
  if (read === undefined) {
    throw new AppError("unprocessable", "these words do not say one time", {
      next: "Say it like: every monday at 3 …, daily at 02:30 …, every 15 minutes …; or give --cron or --every.",
    });
  }
  checkRecurrence(read.when, "when");
  const nodes = await resolveTargets(deps, caller.tenantId, body.targets);
  const targets = await loadFacts(
    deps,
    caller.tenantId,
    nodes.map((node) => ({ id: node.nodeId, name: node.name })),
  );
  const understanding = matchInstruction({ instruction: read.rest, actions: deps.actions, targets });
  switch (understanding.kind) {
    case "plan":
      return {
        when: read.when,
        steps: understanding.steps.map(({ action, variables }) => ({ action, variables })),
      };
    case "question":
      throw new AppError("unprocessable", understanding.question.text, {
        next: "Say it in the same words, or give the action and its values: steward schedule add --help",
      });
    case "refused":
      throw new AppError("unprocessable", understanding.message, { next: understanding.next.join(" ") });
    case "unsure":
      throw new AppError("unprocessable", `it is not clear what “${read.rest}” asks for`, {
        next: "Give the action and its values: steward schedule add --help",
      });
    default:
      return understanding satisfies never;
  }
}
