import type { Client } from "@steward/contracts/client";
import { defaults } from "@steward/contracts/defaults";
import type { NodeView } from "@steward/contracts/node";
import type { TaskView } from "@steward/contracts/task";
import { CliError, exitCodes } from "./exit-codes.ts";

interface Page<T> {
  items: T[];
  cursor?: string | undefined;
}

/** Every page of a list, one after the other. */
export async function* pagesOf<P extends { cursor?: string | undefined }>(
  page: (query: { limit: number; cursor?: string }) => Promise<P>,
): AsyncGenerator<P> {
  let cursor: string | undefined;
  do {
    const next = await page({ limit: defaults.maxListLimit, ...(cursor === undefined ? {} : { cursor }) });
    yield next;
    cursor = next.cursor;
  } while (cursor !== undefined);
}

/** Up to `limit` items over as many pages as it takes; `more` when the list goes on. */
export async function listUpTo<T>(
  limit: number,
  page: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<{ items: T[]; more: boolean }> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const size = Math.min(limit - items.length, defaults.maxListLimit);
    const answer = await page({ limit: size, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...answer.items);
    cursor = answer.cursor;
  } while (cursor !== undefined && items.length < limit);
  return { items: items.slice(0, limit), more: cursor !== undefined || items.length > limit };
}

/** A node by id or name; without a kind whichever it is. */
export async function findNode(call: Client, given: string, kind?: "appliance" | "worker"): Promise<NodeView> {
  const what = kind ?? "node";
  if (/^(apl|wrk)_/.test(given)) return call("getNode", { params: { nodeId: given } });
  const { items } = await listUpTo(1000, (query) =>
    call("listNodes", { query: { ...query, ...(kind === undefined ? {} : { kind }), q: given } }),
  );
  const named = items.filter((node) => node.name === given);
  const [only] = named;
  if (only !== undefined && named.length === 1) return call("getNode", { params: { nodeId: only.id } });
  if (named.length > 1) {
    throw new CliError(exitCodes.usage, `Several ${what}s are called ${given}`, {
      next: `Use an id: ${named.map((node) => node.id).join(", ")}`,
    });
  }
  const close = items.slice(0, 5).map((node) => node.name);
  throw new CliError(exitCodes.failed, `There is no ${what} ${given}`, {
    next: close.length > 0 ? `Did you mean ${close.join(", ")}?` : `List them: steward ${what}s ls`,
  });
}

/** A task by id; without one, the newest that is not over, else the newest. */
export async function findTask(call: Client, id: string | undefined): Promise<TaskView> {
  if (id !== undefined) return call("getTask", { params: { taskId: id } });
  const { items } = await call("listTasks", { query: { limit: 20 } });
  const newest =
    items.find((task) => ["queued", "thinking", "running", "cancelling"].includes(task.status)) ?? items[0];
  if (newest === undefined) {
    throw new CliError(exitCodes.failed, "There are no tasks yet", {
      next: 'Ask for something: steward ask "…" --on <appliance>',
    });
  }
  return call("getTask", { params: { taskId: newest.id } });
}
