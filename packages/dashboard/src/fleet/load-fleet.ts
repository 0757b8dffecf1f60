import type { Caller } from "@steward/contracts/caller";
import { AppError } from "@steward/contracts/errors";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { dotOf, type FleetDot, withUnwell } from "./fleet-dot.ts";

/** The machines of one tenant, as they were read. */
export interface TenantFleet {
  dots: readonly FleetDot[];
  /** When all of them were read, not only those that are not well. */
  wholeAtMs: number;
}

const pageSize = 200;
/** Machines that came and went, and the numbers of those that are well, are seen so much later at most. */
const wholeAgainMs = 120_000;

/**
 * A large fleet is read whole every two minutes. Between that only those that are not well are, which a list by health
 * begins with: one call instead of fifty.
 */
export async function loadFleet(
  call: Caller,
  before: TenantFleet | undefined,
  options: { nowMs: () => number; onPart?: (dots: readonly FleetDot[]) => void },
): Promise<TenantFleet> {
  const large = before !== undefined && before.dots.length > pageSize;
  if (large && options.nowMs() - before.wholeAtMs < wholeAgainMs) {
    const { dots, unknown } = withUnwell(before.dots, await unwellOf(call));
    if (!unknown) return { dots, wholeAtMs: before.wholeAtMs };
  }
  const wholeAtMs = options.nowMs();
  const dots: FleetDot[] = [];
  for await (const page of pages(call, {})) {
    dots.push(...page);
    // A first look begins with what there is so far; a later one must not take away what is shown.
    if (before === undefined) options.onPart?.([...dots]);
  }
  return { dots, wholeAtMs };
}

async function unwellOf(call: Caller): Promise<FleetDot[]> {
  const found: FleetDot[] = [];
  for await (const page of pages(call, { sort: "health" })) {
    for (const dot of page) if (dot.health !== "healthy") found.push(dot);
    if (page.at(-1)?.health === "healthy") break;
  }
  return found;
}

async function* pages(call: Caller, query: { sort?: "health" }): AsyncGenerator<FleetDot[]> {
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const page = await patiently(() => call(nodeRoutes.listNodes, { query: { limit: pageSize, ...query, ...more } }));
    yield page.items.map(dotOf);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

const mostPatience = 6;
/** Fifty pages are more than may be asked for at once: who is told to wait waits, and does not begin anew. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      const tooMany = error instanceof AppError && error.code === "too_many_requests";
      if (!tooMany || attempt >= mostPatience) throw error;
      const seconds = Math.min(10, Math.max(0.2, error.retryAfterSeconds ?? 1));
      await new Promise((done) => setTimeout(done, seconds * 1000));
    }
  }
}
