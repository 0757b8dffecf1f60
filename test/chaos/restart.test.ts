import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@steward/contracts/client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import type { StewardOptions } from "../../packages/local/src/stack-options.ts";
import { until } from "../../packages/node-client/test/support/until.ts";
import { countEffects, endsOf } from "../support/count-effects.ts";
import { countingPlaybook } from "../support/effects.ts";
import { atATime, drive, makeWishes } from "../support/load.ts";
import { alive, descendantsOf, type Process } from "../support/processes.ts";
import { chooseSeed, seeded } from "../support/seeded.ts";

let folder = "";
let supervisor: ChildProcess | undefined;
let left: Process[] = [];
const compileCacheDir = join(tmpdir(), "steward-test-compiled");

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "steward-restart-"));
});
afterEach(() => {
  supervisor?.kill("SIGKILL");
  for (const { pid } of alive(left)) process.kill(pid, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const gone = (what: string) => until(what, () => alive(left).length === 0, 10_000).catch(() => alive(left));

describe("kill -9 of the whole installation", () => {
  const appliances = demoAppliances(4);
  const taskCount = 60;
  const kills = 3;

  interface Up {
    apiUrl: string;
    headers: Record<string, Record<string, string>>;
  }
  async function start(): Promise<Up> {
    const options: StewardOptions = {
      stateDir: join(folder, "state"),
      appliances: appliances.length,
      troubles: false,
      worker: false,
      executor: { program: countingPlaybook },
      heartbeatIntervalSeconds: 1,
      reconcileSeconds: 1,
      visibilitySeconds: 5,
      compileCacheDir,
    };
    supervisor = fork(new URL("../support/supervisor-process.ts", import.meta.url), [JSON.stringify(options)]);
    const [up] = await once(supervisor, "message");
    return up as Up;
  }
  async function killAll(): Promise<void> {
    const { pid } = supervisor ?? {};
    if (pid === undefined) throw new Error("there is nothing to kill");
    left = descendantsOf(pid);
    supervisor?.kill("SIGKILL");
    expect(left.length).toBeGreaterThan(3);
    expect(await gone("no child is left")).toBe(true);
  }

  it("in the middle of a load, three times: what was accepted ends, once, and no child is left over", async () => {
    const random = seeded(chooseSeed());
    console.log(`restart: STEWARD_SEED=${random.seed}`);
    const points = new Set(random.points(kills, 5, taskCount - 15));
    let up: Promise<Up> = start();
    let restarting = Promise.resolve();
    let ended = 0;
    const callOf =
      (slug: string): Client =>
      async (name, input) => {
        const { apiUrl, headers } = await up;
        const call = createClient({ baseUrl: apiUrl, transport: fetchTransport, headers: () => headers[slug] ?? {} });
        return call(name, input);
      };
    const untilMs = Date.now() + 360_000;
    const driven = await atATime(12, makeWishes(taskCount, appliances, random), async (wish) => {
      const one = await drive(callOf(wish.tenant), wish, { untilMs, onAccepted: () => undefined });
      ended += 1;
      if (points.has(ended)) {
        restarting = restarting.then(async () => {
          await up;
          // Somewhere in what goes on beside it.
          await new Promise((resolve) => setTimeout(resolve, random.between(0, 300)));
          await killAll();
          up = start();
          await up;
        });
        await restarting;
      }
      return one;
    });
    const disks = new Map(appliances.map(({ name }) => [name, join(folder, "state", "fleet", name)]));
    const counts = countEffects(driven, disks);
    console.log(
      `restart: seed ${random.seed}, executor: the real one with a counting program; ${driven.length} tasks (${endsOf(driven)}), ` +
        `killed as a whole ${kills} times; ${counts.effects} effects, ${counts.interrupted} runs interrupted; ` +
        `${counts.lost.length} lost, ${counts.doubled.length} doubled`,
    );
    expect({ lost: counts.lost, doubled: counts.doubled, strange: counts.strange }).toEqual({
      lost: [],
      doubled: [],
      strange: [],
    });
    await killAll();
  }, 480_000);
});
