import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { newestRelease } from "@steward/catalogue/release-content";
import type { ReleaseContent } from "@steward/contracts/release";
import { createObjects } from "@steward/aws/objects";
import { getParameter } from "@steward/aws/parameters";
import { getTask } from "@steward/aws/records/task";
import { formatTraceparent, newSpanId, newTraceId } from "@steward/contracts/trace-context";
import { readRelease } from "@steward/control/read-release";
import type { FunctionName } from "@steward/functions/definitions";
import { releaseFiles } from "@steward/functions/release-source";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Lambda, Outcome } from "../../packages/local/src/host/lambda.ts";
import { bareClients } from "../../scripts/build/bare-clients.ts";
import { bundle, digestOf } from "../../scripts/build/bundle.ts";
import { type BuiltFunction, buildFunctions, entryOf } from "../../scripts/build/functions.ts";
import { readReleaseFiles } from "../../scripts/build/release-file.ts";
import { root } from "../../scripts/run.ts";
import { type Collector, startCollector } from "../support/collector.ts";
import { describePath } from "../support/describe-path.ts";
import { approve, type Installation, until, untilEnded } from "../support/installation.ts";
import { startFunction } from "../support/one-function.ts";
import { publishFrom } from "../support/publish-release.ts";
import { startWithModels, type WithModels } from "../support/with-models.ts";

/*
 * The folders that are deployed, run by the local Lambda host from where no `node_modules` is above them: whatever they
 * fail to bring along, they do not find.
 */

let folder: string;
let functionsDir: string;
let built: BuiltFunction[];
/** What the stage `local` has pinned here: this checkout's actions, and an agent that no checkout has. */
let pinned: ReleaseContent;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-artifacts-"));
  functionsDir = join(folder, "functions");
  pinned = newestRelease(await buildAllBundles(), { "9.9.9": "9".repeat(64) });
  built = await buildFunctions({
    outDir: functionsDir,
    committed: { ...readReleaseFiles(), local: pinned },
    programs: [],
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * What a cold start may load, as a multiple of the SDK clients and commands of the function's rights (1.3 is the bar). Those
 * that only need the table and one more client have little SDK to set against what each of ours loads: zod (100 kB), and
 * behind the doors Hono, the routes' schemas and JWTs. Only downwards.
 */
const heaviest: Partial<Record<FunctionName, number>> = {
  // Of AWS the table and SQS; it understands words like the two below, for what it proposes. The documentation comes later.
  // The names of metrics and families of keys that came with fleets and alerts are a hundredth of it, as of `queues`. What it
  // shares with its traced entry is in chunks of their own, whose imports are half a kB, in each function: these two were full.
  support: 1.68,
  // Both understand words, by the whole catalogue: from 11 actions it has grown to all that the design names, each with its
  // shapes, risks and sentences. The api also tells what waits, who would do it best and who did it, and predicts how long a
  // job takes. Since issue 7 it has a fleet's lists, plots and changes of many, alerts, and appliances' configurations: three
  // nouns, whose use cases are small and whose shapes are not. Behind the nodes' door answers are held to their sources, and
  // the next job is let into its lane; what grades a plan comes later. It knows every route's shapes, so that it grows with
  // each noun. Before any model is asked both tell what none could make a plan of, in four languages: by how those say no, later
  // and if. The tables of words come with the grading. For the dashboard's forms each action says what its values are and
  // where known ones come from, and the api answers a run's output, an appliance's runs and the lanes' last hours.
  api: 1.56,
  nodes: 1.48,
  // Of AWS the table alone; a task is also shown while its answer grows.
  wait: 1.54,
  // It also reads where a browser signs in at an issuer.
  sessions: 1.55,
  // Routes' shapes and use cases of seven nouns, and of AWS the table and two queues.
  people: 1.45,
  // X.509 certificates are all that it makes; it also judges who renews late, which nobody has authenticated.
  // And it counts the machines that SSM is to know, before it asks for one more.
  enrol: 2.2,
  // What every function has got since: each line of a log is redacted (8 kB), each key of the table held to its tenant, by a
  // list of families to which schedules, marks of the gate, the machines of SSM and the sums of jobs were added; and what a
  // node finds wrong with itself is kept and judged. Its one write is put past the document client, in the words of the wire.
  heartbeat: 1.65,
  // It also decides on alerts: their reducer, what a node's health asks of them, and the notices of it.
  // Each line of its log and each entry of the trail says which request it is for: 83 bytes more than fitted.
  "note-transitions": 1.71,
  // It also keeps what tenants and runs have: two nouns more.
  secrets: 1.45,
  // Of AWS the table and SQS alone; bringing a dead letter's job back takes all that stores and places a job (reducer, window, audit).
  queues: 1.48,
  // Of AWS the table and KMS; what is told is redacted, signed and held to its shape.
  notify: 1.5,
  reconcile: 1.63,
};

it("a start loads little more than the SDK that the function needs", async () => {
  const tooHeavy: string[] = [];
  for (const { name, eagerBytes } of built) {
    const bare = await bundle({ text: bareClients(name).text });
    const times = eagerBytes / bare.eagerBytes;
    if (times > (heaviest[name] ?? 1.3)) tooHeavy.push(`${name}: ${times.toFixed(2)} ×`);
  }
  expect(tooHeavy).toEqual([]);
});

it("a start loads nothing of OpenTelemetry, which is beside it, and not even that for heartbeats", () => {
  for (const { name } of built) {
    const directory = join(functionsDir, name);
    const files = readdirSync(directory).filter((file) => file.endsWith(".mjs"));
    const text = new Map(files.map((file) => [file, readFileSync(join(directory, file), "utf8")]));
    const loadedBy = (entry: string, seen = new Set<string>()): Set<string> => {
      if (seen.has(entry)) return seen;
      seen.add(entry);
      for (const [, next = ""] of (text.get(entry) ?? "").matchAll(/(?:from|import)"\.\/([^"]+\.mjs)"/g))
        loadedBy(next, seen);
      return seen;
    };
    const tellsTraces = (file: string) => text.get(file)?.includes("v1/traces") === true;
    expect([name, [...loadedBy("index.mjs")].filter(tellsTraces)]).toEqual([name, []]);
    // Honest: where it is, it is found.
    const traced = text.has("traced.mjs") ? [...loadedBy("traced.mjs")].filter(tellsTraces).length : 0;
    expect([name, traced > 0]).toEqual([name, name !== "heartbeat"]);
  }
});

it("the same sources give the same bytes, which say nothing of the machine that made them", async () => {
  const again = await bundle(entryOf("dispatch"));
  expect(digestOf(again.files)).toBe(built.find(({ name }) => name === "dispatch")?.sha256);
  for (const file of readdirSync(functionsDir, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) expect(readFileSync(join(file.parentPath, file.name)).includes(root), file.name).toBe(false);
  }
});

describe("the built functions", () => {
  let world: WithModels;
  let installation: Installation;

  describePath(async () => {
    world = await startWithModels({ functionsDir });
    installation = world.installation;
    return { ...installation, close: () => world.close() };
  });

  it("a sentence that only a model understands goes through a lane, a worker and its plan", async () => {
    world.models.script(() => ({
      kind: "answer",
      json: {
        understood: "Add the user nora.",
        outOfScope: false,
        steps: [{ action: "users.add", variables: { username: "nora" } }],
      },
    }));
    const acme = installation.as("acme");
    const asked = await acme("submitTask", {
      body: { instruction: "onboard our new colleague nora", targets: ["acme-berlin-01"] },
    });
    expect(asked.status).toBe("thinking");
    const planned = await until(acme, asked.id, "awaiting_approval");
    expect(planned).toMatchObject({ planning: { tier: "ollama" }, plan: { steps: [{ action: "users.add" }] } });
    await approve(acme, planned);
    expect(await untilEnded(acme, planned.id)).toMatchObject({ status: "simulated" });
  });

  it("a question is answered from the documentation that its function brought along", async () => {
    world.models.script(() => ({ kind: "text", text: "Open the Explorer and type the path of the share [1]." }));
    const acme = installation.as("acme");
    const task = await acme("askSupport", { body: { question: "How do I reach my files from Windows?" } });
    expect(await untilEnded(acme, task.id)).toMatchObject({
      status: "succeeded",
      answer: { citations: [{ href: "docs/files.md#from-windows", excerpt: expect.stringContaining("Explorer") }] },
    });
  });

  describe("told to a collector", () => {
    let collector: Collector;
    const lambdas: Lambda[] = [];
    beforeEach(async () => {
      collector = await startCollector();
    });
    afterEach(async () => {
      await Promise.all(lambdas.splice(0).map((lambda) => lambda.close()));
      await collector.close();
    });

    /** The function as AWS runs it where a stage names a collector. */
    function traced(name: "api" | "dispatch"): Lambda {
      const lambda = startFunction(installation, {
        name,
        entry: join(functionsDir, name, "traced.mjs"),
        environment: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      });
      lambdas.push(lambda);
      return lambda;
    }
    const request = (path: string, headers: Record<string, string>, body?: unknown) => ({
      version: "2.0",
      routeKey: `${body === undefined ? "GET" : "POST"} ${path}`,
      rawPath: path,
      rawQueryString: "",
      headers: { ...installation.stack.headersOf("acme"), "content-type": "application/json", ...headers },
      requestContext: {
        domainName: "api.localhost",
        requestId: "gateway-1",
        http: { method: body === undefined ? "GET" : "POST", sourceIp: "127.0.0.1" },
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      isBase64Encoded: false,
    });
    const answerOf = (outcome: Outcome) => {
      if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
      return outcome.result as { statusCode: number; headers: Record<string, string>; body: string };
    };

    it("a submit is in its caller's trace, with what it asked of AWS and without what it says; so is what is done later", async () => {
      const traceId = newTraceId();
      const parentId = newSpanId();
      const instruction = "add user zqtraced";
      const submit = request(
        "/api/v1/tasks",
        { traceparent: formatTraceparent({ traceId, spanId: parentId, sampled: false }) },
        { instruction, targets: ["acme-berlin-01"] },
      );
      const answer = answerOf(await traced("api").invoke(submit));
      expect([answer.statusCode, answer.headers["steward-request-id"]]).toEqual([202, traceId]);
      const spans = collector.spans.splice(0);
      expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
      const server = spans.find(({ name }) => name === "POST /api/v1/tasks");
      expect(server).toMatchObject({
        parentSpanId: parentId,
        kind: 2,
        service: "steward-local-api",
        attributes: { "http.response.status_code": 202, "steward.tenant.id": installation.tenantId("acme") },
      });
      const calls = spans.filter(({ kind }) => kind === 3);
      expect(calls.map(({ name }) => name)).toContain("DynamoDB.TransactWriteItems");
      expect(new Set(calls.map((span) => span.parentSpanId))).toEqual(new Set([server?.spanId]));
      for (const hidden of ["zqtraced", "acme-berlin-01", "T#ten_", "Bearer"])
        expect(collector.text).not.toContain(hidden);

      // The dispatcher's message has no trace in it: it learns from the rollout's record whose request it is for.
      const { id } = JSON.parse(answer.body) as { id: string };
      const acme = installation.as("acme");
      const planned = await until(acme, id, "awaiting_approval");
      await approve(acme, planned);
      await untilEnded(acme, id);
      const tenantId = installation.tenantId("acme");
      const { rolloutId } = (await getTask(installation.table, { tenantId, taskId: id })) ?? {};
      const message = { tenantId, rolloutId };
      const batch = { Records: [{ messageId: "m", body: JSON.stringify(message), attributes: {} }] };
      expect(await traced("dispatch").invoke(batch)).toMatchObject({ result: { batchItemFailures: [] } });
      const [invocation, part] = ["", traceId].map((own) =>
        collector.spans.find((span) => span.name === "process rollouts" && (span.traceId === traceId) === (own !== "")),
      );
      expect(part?.links).toEqual([invocation?.spanId]);
      expect(collector.spans.some((span) => span.parentSpanId === part?.spanId && span.kind === 3)).toBe(true);
    });

    it("who brings no trace gets one, and its id", async () => {
      const { headers } = answerOf(await traced("api").invoke(request("/api/v1/stats", {})));
      expect(collector.spans.map((span) => span.traceId)).toContain(headers["steward-request-id"]);
    });

    it.each(["hangs", "is down"] as const)(
      "one that %s costs one request a second, and the next ones nothing",
      async (how) => {
        if (how === "hangs") collector.hang();
        else await collector.close();
        const api = traced("api");
        await api.warm();
        for (let at = 0; at < 6; at += 1) {
          const startedMs = performance.now();
          expect(answerOf(await api.invoke(request("/api/v1/stats", {}))).statusCode).toBe(200);
          // A second of waiting, once; the libraries alone would wait for ten.
          expect(performance.now() - startedMs).toBeLessThan(at === 0 ? 4_000 : 3_000);
        }
        expect(collector.requests).toBe(how === "hangs" ? 1 : 0);
      },
    );
  });

  describe("publishing a committed release", () => {
    /** The function as it was built, with `change` made to its folder, asked to publish once. */
    async function publishWith(change: (directory: string) => void): Promise<Outcome> {
      const directory = mkdtempSync(join(folder, "bootstrap-"));
      cpSync(join(functionsDir, "bootstrap"), directory, { recursive: true });
      change(directory);
      return publishFrom(installation, directory);
    }
    const pin = (directory: string, release: unknown) =>
      writeFileSync(join(directory, releaseFiles.committed("local")), JSON.stringify(release));

    async function inForce(): Promise<ReturnType<typeof readRelease>["release"]> {
      const { names, buckets } = installation;
      const cloud = installation.cloudAs("bootstrap");
      const key = await getParameter(cloud.ssm, names.parameter("release"));
      const stored = await createObjects(cloud.s3).get(buckets.bundles, key ?? "");
      return readRelease(Buffer.from(stored ?? []).toString("utf8")).release;
    }

    it("the stage got what its file pins and not the newest; doing it again changes nothing", async () => {
      const before = await inForce();
      expect(before).toMatchObject({ version: 1, agents: pinned.agents, actions: pinned.actions });
      expect(await publishWith(() => undefined)).toMatchObject({
        kind: "result",
        result: { releaseVersion: 1, changed: [] },
      });
    });

    it("a bundle that is nowhere is refused, by its action, before anything changes", async () => {
      const before = await inForce();
      const nowhere = "f".repeat(64);
      const actions = pinned.actions.map((action) =>
        action.id === "users.add" ? { ...action, bundle: nowhere } : action,
      );
      const outcome = await publishWith((directory) => pin(directory, { ...pinned, actions }));
      expect(outcome).toMatchObject({ kind: "failed", error: expect.stringContaining(`users.add (${nowhere})`) });
      expect(await inForce()).toEqual(before);
    });

    it("a damaged bundle never takes the place of a good one", async () => {
      const [first] = pinned.actions;
      const damaged = (directory: string) =>
        writeFileSync(join(directory, releaseFiles.bundle(first?.bundle ?? "")), "x");
      const { buckets } = installation;
      const objects = createObjects(installation.cloudAs("nodes").s3);
      expect(await publishWith(damaged)).toMatchObject({ kind: "result" });
      const stored = await objects.get(buckets.bundles, `${first?.bundle}.tar.gz`);
      expect(
        createHash("sha256")
          .update(stored ?? "")
          .digest("hex"),
      ).toBe(first?.bundle);
    });

    it("what the bucket has from before need not be built any more", async () => {
      const outcome = await publishWith((directory) => {
        for (const { bundle } of pinned.actions) rmSync(join(directory, releaseFiles.bundle(bundle)), { force: true });
        pin(directory, { ...pinned, agents: {} });
      });
      expect(outcome).toMatchObject({ kind: "result", result: { releaseVersion: 2, changed: ["release"] } });
      expect((await inForce()).agents).toEqual({});
    });

    it.each([
      ["is torn", "{"],
      ["has another shape", '{"v":1}'],
    ])("a pinned release that %s is an error and never the newest", async (_, text) => {
      const before = await inForce();
      const outcome = await publishWith((directory) =>
        writeFileSync(join(directory, releaseFiles.committed("local")), text),
      );
      expect(outcome.kind).toBe("failed");
      expect(await inForce()).toEqual(before);
    });

    it("without any release beside it there is nothing to publish", async () => {
      const outcome = await publishWith((directory) => {
        rmSync(join(directory, releaseFiles.newest));
        rmSync(join(directory, releaseFiles.committed("local")));
      });
      expect(outcome).toMatchObject({ kind: "failed", error: expect.stringContaining("has no release beside it") });
    });
  });
});
