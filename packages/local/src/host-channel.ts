import { z } from "zod";
import type { StageChannel } from "./stage-setup.ts";
import type { SupervisedChild } from "./supervised-child.ts";

const replySchema = z.object({
  id: z.number(),
  outcome: z.union([
    // A function that answers nothing: what is undefined does not come through the channel.
    z.object({ kind: z.literal("result"), result: z.unknown().optional() }),
    z.object({ kind: z.literal("failed"), error: z.string() }),
    z.object({ kind: z.enum(["timed_out", "throttled"]) }),
  ]),
});

/** Direct invocations of functions in the host, over the channel that only its parent has. */
export interface HostChannel extends StageChannel {
  hear: (message: Record<string, unknown>) => void;
}

export function createHostChannel(host: () => Pick<SupervisedChild, "send">): HostChannel {
  const waiting = new Map<number, (outcome: z.infer<typeof replySchema>["outcome"]) => void>();
  let nextId = 1;
  return {
    hear: (message) => {
      const reply = replySchema.safeParse(message);
      if (!reply.success) return;
      waiting.get(reply.data.id)?.(reply.data.outcome);
      waiting.delete(reply.data.id);
    },
    invoke: async (name, event, answer) => {
      const id = nextId++;
      const outcome = await new Promise<z.infer<typeof replySchema>["outcome"]>((resolve) => {
        waiting.set(id, resolve);
        host().send({ id, name, event });
      });
      if (outcome.kind === "result") return answer.parse(outcome.result);
      throw new Error(`The function ${name} ${outcome.kind === "failed" ? `failed: ${outcome.error}` : outcome.kind}`);
    },
  };
}
