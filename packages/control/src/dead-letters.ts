import type { DeadLetterQueues, ReceivedLetter } from "@steward/aws/dead-letters";
import { commit } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import type { ChosenLetters, DeadLetters, MovedLetters } from "@steward/contracts/dead-letters";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { QueueName } from "@steward/contracts/names";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { beginningOf, type ReadLetter, readLetter } from "./read-letter.ts";
import { redriveJob } from "./redrive-job.ts";

type Deps = Parameters<typeof redriveJob>[0] & { deadLetters: DeadLetterQueues };

/** A letter is hidden from others for so long: a listing, or one call that moves letters and then died. */
const hideSeconds = 45;
/** Letters that one call looks through. Its function has 29 s. */
const mostLooked = 100;
const budgetMs = 20_000;

/** `GET /queues/{queue}/dead-letters`: some of them, which stay where they are. */
export async function listDeadLetters(
  deps: Pick<Deps, "table" | "nowMs" | "log" | "deadLetters">,
  queue: QueueName,
  limit: number,
): Promise<DeadLetters> {
  const { letters, complete } = await deps.deadLetters.receive(queue, { most: limit, hideSeconds });
  try {
    const items = await Promise.all(
      letters.map(async (letter) => {
        const { pointer, reason, redrive } = await readLetter(deps, queue, letter);
        return {
          messageId: letter.messageId,
          sentAt: new Date(letter.sentAtMs).toISOString(),
          receives: letter.receives,
          ...(pointer === undefined ? { text: beginningOf(letter.body) } : { pointer }),
          reason,
          redrive,
        };
      }),
    );
    const total = Math.max(await deps.deadLetters.count(queue), items.length);
    return { queue, total, items, complete: complete && total <= items.length };
  } finally {
    await showAgain(deps, queue, letters);
  }
}

/**
 * `POST /queues/{queue}/redrive`. What a letter stands for is done first and the letter removed then: a death in between
 * leaves a letter whose job has gone on, which a second redrive is told, or a pointer that is sent twice, which harms nobody.
 */
export async function redriveDeadLetters(
  deps: Deps,
  caller: Caller,
  queue: QueueName,
  chosen: ChosenLetters,
): Promise<MovedLetters> {
  return move(deps, queue, chosen, async (letter, read) => {
    if (!read.redrive.possible) return { refused: read.redrive.why };
    const { pointer, job } = read;
    if (pointer === undefined) return { refused: read.reason };
    return actFor(pointer.tenantId, async () => {
      if (job !== undefined) return { done: await redriveJob(deps, caller, job) };
      await note(deps, caller, { tenantId: pointer.tenantId, what: "redrive-message", record: pointer.id });
      await deps.queues.send(queue, JSON.parse(letter.body) as object, { groupId: pointer.tenantId });
      return { done: queue };
    });
  });
}

/** `POST /queues/{queue}/drop`: for what can never be redriven. */
export async function dropDeadLetters(
  deps: Deps,
  caller: Caller,
  queue: QueueName,
  chosen: ChosenLetters,
): Promise<MovedLetters> {
  return move(deps, queue, chosen, async (letter, { pointer, redrive }) => {
    if (redrive.possible) return { refused: "it can be redriven" };
    // Whose it was is what the message says, and one that points at nothing may say anything: the provider's own trail.
    const record = pointer?.id ?? `${queue}/${letter.messageId}`;
    await note(deps, caller, { tenantId: providerTenantId, what: "drop-dead-letter", record });
    return { done: "dropped" };
  });
}

type Outcome = { done: string } | { refused: string };

async function move(
  deps: Deps,
  queue: QueueName,
  { messageIds }: ChosenLetters,
  decide: (letter: ReceivedLetter, read: ReadLetter) => Promise<Outcome>,
): Promise<MovedLetters> {
  const wanted = messageIds === undefined ? undefined : new Set(messageIds);
  const untilMs = performance.now() + budgetMs;
  const { letters } = await deps.deadLetters.receive(queue, { most: mostLooked, hideSeconds });
  const kept = new Set(letters);
  const done: MovedLetters["done"] = [];
  const refused: MovedLetters["refused"] = [];
  try {
    for (const letter of letters) {
      const { messageId } = letter;
      if (performance.now() > untilMs) break;
      if (wanted?.delete(messageId) === false) continue;
      const outcome = await tryOne(deps, queue, letter, decide);
      if ("refused" in outcome) {
        refused.push({ messageId, why: outcome.refused });
        continue;
      }
      await deps.deadLetters.remove(queue, letter);
      kept.delete(letter);
      done.push({ messageId, as: outcome.done });
    }
  } finally {
    await showAgain(deps, queue, [...kept]);
  }
  return { done, refused, missing: [...(wanted ?? [])], left: await deps.deadLetters.count(queue) };
}

/** One letter that cannot be dealt with must not keep the others from it. */
async function tryOne(
  deps: Deps,
  queue: QueueName,
  letter: ReceivedLetter,
  decide: (letter: ReceivedLetter, read: ReadLetter) => Promise<Outcome>,
): Promise<Outcome> {
  try {
    return await decide(letter, await readLetter(deps, queue, letter));
  } catch (error) {
    if (error instanceof AppError && error.code !== "internal") return { refused: error.message };
    deps.log("error", "dead_letter_failed", { queue, messageId: letter.messageId, error: String(error) });
    return { refused: "it could not be dealt with: the log says why" };
  }
}

async function note(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  { tenantId, what, record }: { tenantId: string; what: string; record: string },
): Promise<void> {
  await commit(deps.table, [
    audited(deps.nowMs(), { tenantId, who: caller.principal.id, what, record, requestId: caller.requestId }),
  ]);
}

/** Where it fails they show themselves when their time is over. */
async function showAgain(
  deps: Pick<Deps, "deadLetters" | "log">,
  queue: QueueName,
  letters: readonly ReceivedLetter[],
): Promise<void> {
  try {
    await deps.deadLetters.showAgain(queue, letters);
  } catch (error) {
    deps.log("warn", "dead_letters_hidden", { queue, seconds: hideSeconds, error: String(error) });
  }
}
