import fc from "fast-check";
import { expect, it } from "vitest";
import { workerQueueChanges } from "./worker-queue-changes.ts";

const ids = fc.array(fc.constantFrom<string>("wrk_1", "wrk_2", "wrk_3", "wrk_4", "wrk_5"));

it("after the changes there is exactly one queue for each worker", () => {
  fc.assert(
    fc.property(ids, ids, (workers, queues) => {
      const { missing, orphaned } = workerQueueChanges({ workers, queues });
      const after = [...new Set(queues)].filter((one) => !orphaned.includes(one)).concat(missing);
      expect(after.toSorted()).toEqual([...new Set(workers)].toSorted());
      expect(new Set(after).size).toBe(after.length);
    }),
  );
});
