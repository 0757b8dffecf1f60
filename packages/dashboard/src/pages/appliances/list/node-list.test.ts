import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { NodeView } from "@steward/contracts/node";
import fc from "fast-check";
import { expect, test } from "vitest";
import { aNode } from "../a-node.ts";
import { keepReading, NodeList, pauseMs } from "./node-list.ts";

/** Answers as the API does: pages by a cursor that names the last id. */
function pagesOf(nodes: () => readonly NodeView[], size: number) {
  return async (cursor: string | undefined) => {
    const rest = nodes().filter(({ id }) => cursor === undefined || id > cursor);
    const items = rest.slice(0, size);
    const last = items.at(-1);
    return rest.length > size && last !== undefined ? { items, cursor: last.id } : { items };
  };
}

class Ended extends Error {}

/** Reads for so many pauses; `during` is called in each. */
async function read(
  list: NodeList,
  page: (cursor: string | undefined) => Promise<{ items: NodeView[]; cursor?: string }>,
  pauses: number,
  during: (pause: number, ms: number) => void = () => {},
): Promise<void> {
  let count = 0;
  const reading = keepReading(list, {
    page,
    pause: async (ms) => {
      count += 1;
      during(count, ms);
      if (count >= pauses) throw new Ended();
    },
    pauseAfter: () => 4_000,
    nowMs: () => count,
  });
  await expect(reading).rejects.toBeInstanceOf(Ended);
}

const byId = (nodes: Iterable<NodeView>) => [...nodes].toSorted((a, b) => (a.id < b.id ? -1 : 1));

test("whatever comes and goes while it is read, two rounds later the list is the tenant's", async () => {
  const ids = Array.from({ length: 30 }, () => newId("appliance", 1)).toSorted();
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 29 })),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 29 }), fc.boolean()), { maxLength: 20 }),
      fc.integer({ min: 1, max: 8 }),
      async (first, changes, size) => {
        const there = new Map(first.map((at) => [at, aNode({ id: ids[at] ?? "" })]));
        const nodes = () => byId(there.values());
        const list = new NodeList();
        await read(list, pagesOf(nodes, size), 30 + 30, (pause) => {
          const [at, comes] = changes[pause - 1] ?? [];
          if (at === undefined) return;
          if (comes === true) there.set(at, aNode({ id: ids[at] ?? "", tags: [`round:${pause}`] }));
          else there.delete(at);
        });
        // What a round that was cut short has added stays until the next one has ended.
        await read(list, pagesOf(nodes, size), Math.ceil(30 / size) + 1);
        expect(byId(list.snapshot().nodes)).toEqual(nodes());
        expect(list.snapshot().isWhole).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("a machine of which nothing is new keeps its object, and the list too where nothing is new at all", async () => {
  const nodes = [aNode({ id: "apl_1" }), aNode({ id: "apl_2" })];
  const list = new NodeList();
  await read(
    list,
    pagesOf(() => structuredClone(nodes), 1),
    2,
  );
  const before = list.snapshot().nodes;
  await read(
    list,
    pagesOf(() => structuredClone(nodes), 1),
    2,
  );
  expect(list.snapshot().nodes).toBe(before);
  await read(
    list,
    pagesOf(() => [nodes[0] as NodeView, { ...(nodes[1] as NodeView), health: "offline" }], 1),
    2,
  );
  expect(list.snapshot().nodes[0]).toBe(before[0]);
  expect(list.snapshot().nodes[1]?.health).toBe("offline");
});

test("it is read quickly until it is whole, and then as one watches", async () => {
  const nodes = ["apl_1", "apl_2", "apl_3"].map((id) => aNode({ id }));
  const paused: number[] = [];
  await read(
    new NodeList(),
    pagesOf(() => nodes, 1),
    4,
    (_pause, ms) => paused.push(ms),
  );
  expect(paused).toEqual([pauseMs.filling, pauseMs.filling, pauseMs.watching, pauseMs.watching]);
});

test("a failure keeps what is there, is told, and heals where it was", async () => {
  const nodes = ["apl_1", "apl_2"].map((id) => aNode({ id }));
  const good = pagesOf(() => nodes, 1);
  let calls = 0;
  const list = new NodeList();
  const errors: (string | undefined)[] = [];
  list.subscribe(() => errors.push(list.snapshot().error?.message));
  await read(
    list,
    async (cursor) => {
      calls += 1;
      if (calls === 2) throw new AppError("unavailable", "away");
      return good(cursor);
    },
    3,
  );
  expect(errors).toContain("away");
  expect(list.snapshot()).toMatchObject({ error: null, isWhole: true });
  expect(list.snapshot().nodes).toHaveLength(2);
});

test("a cursor that is not taken any more begins the round anew, and nobody is lost by it", async () => {
  const nodes = ["apl_1", "apl_2", "apl_3"].map((id) => aNode({ id }));
  const good = pagesOf(() => nodes, 1);
  const asked: (string | undefined)[] = [];
  const list = new NodeList();
  await read(
    list,
    async (cursor) => {
      asked.push(cursor);
      if (asked.length === 2) throw new AppError("invalid_request", "this cursor is another one's");
      return good(cursor);
    },
    5,
  );
  expect(asked).toEqual([undefined, "apl_1", undefined, "apl_1", "apl_2"]);
  expect(list.snapshot().nodes).toHaveLength(3);
});

test("who is removed here is gone at once", () => {
  const list = new NodeList();
  list.addPage([aNode({ id: "apl_1" }), aNode({ id: "apl_2" })], 1);
  list.remove(["apl_1"]);
  expect(list.snapshot().nodes.map(({ id }) => id)).toEqual(["apl_2"]);
});
