import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildAllBundles } from "@steward/catalogue/bundle";
import { newestRelease } from "@steward/catalogue/release-content";
import type { ReleaseContent } from "@steward/contracts/release";
import { createObjects } from "@steward/aws/objects";
import { getParameter } from "@steward/aws/parameters";
import { readRelease } from "@steward/control/read-release";
import { entryUrl, type FunctionName } from "@steward/functions/definitions";
import { releaseFiles } from "@steward/functions/release-source";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../packages/local/src/host/lambda.ts";
import { bareClients } from "../../scripts/build/bare-clients.ts";
import { bundle, digestOf } from "../../scripts/build/bundle.ts";
import { type BuiltFunction, buildFunctions } from "../../scripts/build/functions.ts";
import { readReleaseFiles } from "../../scripts/build/release-file.ts";
import { root } from "../../scripts/run.ts";
import { describePath } from "../support/describe-path.ts";
import { approve, type Installation, until, untilEnded } from "../support/installation.ts";
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
  // The names of metrics and families of keys that came with fleets and alerts are a hundredth of it, as of `queues`.
  support: 1.67,
  // Both understand words, by the whole catalogue: from 11 actions it has grown to all that the design names, each with its
  // shapes, risks and sentences. The api also tells what waits, who would do it best and who did it, and predicts how long a
  // job takes. Since issue 7 it has a fleet's lists, plots and changes of many, alerts, and appliances' configurations: three
  // nouns, whose use cases are small and whose shapes are not. Behind the nodes' door answers are held to their sources, and
  // the next job is let into its lane; what grades a plan comes later. It knows every route's shapes, so that it grows with
  // each noun. Before any model is asked both tell what none could make a plan of, in four languages: by how those say no, later
  // and if. The tables of words come with the grading.
  api: 1.54,
  nodes: 1.47,
  // Of AWS the table alone; a task is also shown while its answer grows.
  wait: 1.53,
  sessions: 1.5,
  // Routes' shapes and use cases of seven nouns, and of AWS the table and two queues.
  people: 1.45,
  // X.509 certificates are all that it makes; it also judges who renews late, which nobody has authenticated.
  // And it counts the machines that SSM is to know, before it asks for one more.
  enrol: 2.2,
  // What every function has got since: each line of a log is redacted (8 kB), each key of the table held to its tenant, by a
  // list of families to which schedules, marks of the gate, the machines of SSM and the sums of jobs were added; and what a
  // node finds wrong with itself is kept and judged.
  heartbeat: 1.64,
  // It also decides on alerts: their reducer, what a node's health asks of them, and the notices of it.
  // Each line of its log and each entry of the trail says which request it is for: 83 bytes more than fitted.
  "note-transitions": 1.71,
  // It also keeps what tenants and runs have: two nouns more.
  secrets: 1.45,
  // Of AWS the table and SQS alone; bringing a dead letter's job back takes all that stores and places a job (reducer, window, audit).
  queues: 1.47,
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

it("the same sources give the same bytes, which say nothing of the machine that made them", async () => {
  const again = await bundle({ file: fileURLToPath(entryUrl("dispatch")) });
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
