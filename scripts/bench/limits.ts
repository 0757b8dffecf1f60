import { newId } from "@steward/contracts/ids";
import { rateLimits } from "@steward/contracts/defaults";
import { createRateLimiter } from "@steward/control/rate-limits";
import { startEngine } from "../../packages/aws/test/support/engine.ts";
import { prices } from "./prices.ts";
import { type Figure, percentile } from "./report.ts";

const calls = 500;

/** What the rates add to a call of a person, against the local engine: writes, time, and their list price. */
export async function benchLimits(): Promise<Figure[]> {
  const engine = await startEngine();
  try {
    const client = engine.client();
    let writes = 0;
    client.middlewareStack.add(
      (next) => async (args) => {
        writes += 1;
        return next(args);
      },
      { step: "deserialize", name: "count" },
    );
    let nowMs = Date.now();
    const limiter = createRateLimiter(
      { table: { client, name: engine.table.name }, nowMs: () => nowMs, log: () => undefined },
      rateLimits,
    );
    const owners = [
      { kind: "principal" as const, id: newId("person", nowMs) },
      { kind: "tenant" as const, id: newId("tenant", nowMs) },
    ];
    const times: number[] = [];
    await limiter.charge(owners);
    writes = 0;
    for (let call = 0; call < calls; call++) {
      // Half of them find their bucket full, half in use: as somebody who looks at a page, and clicks.
      nowMs += call % 2 === 0 ? 1_000 : 1;
      const startedMs = performance.now();
      await limiter.charge(owners);
      times.push(performance.now() - startedMs);
    }
    const each = writes / calls;
    for (let call = 0; call < rateLimits.principal.burst + 1; call++) await limiter.charge(owners);
    writes = 0;
    for (let call = 0; call < calls; call++) await limiter.charge(owners);
    const how = `${calls} calls, principal and tenant, against the local engine`;
    return [
      { name: "writes for the rates of a call", value: each, unit: "", bar: { at: "most", value: 2.05 }, how },
      { name: "writes for a refused call", value: writes / calls, unit: "", bar: { at: "most", value: 0 }, how },
      { name: "time for the rates of a call, median", value: percentile(times, 0.5), unit: "ms", how },
      { name: "the same, p99", value: percentile(times, 0.99), unit: "ms", how },
      {
        name: "list price of the rates",
        value: each * prices.dynamoWritePerMillion,
        unit: "$ a million calls",
        how: `beside $${prices.httpApiPerMillion + prices.lambdaPerMillion} for request and invocation`,
      },
    ];
  } finally {
    await engine.stop();
  }
}
