import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { platformFolder } from "../../../scripts/sst-platform.ts";
import { answerCall, mockRegion, stateOf } from "./mock-aws.ts";
import type { InfraMessage, InfraOptions, Registered } from "./run-infra.ts";

/**
 * Runs `sst.config.ts` as SST does, in a process of its own, with stand-ins for the two that are not here: Pulumi's engine
 * (every resource is taken down and made up) and SST's CLI (its JSON-RPC). Tells its parent what came of it.
 */
const options: InfraOptions & { bundle: string; root: string; work: string } = JSON.parse(process.argv[2] ?? "{}");
const registered: Registered[] = [];

function tell(message: InfraMessage): void {
  process.send?.(message, () => process.exit(0));
}
const fail = (error: unknown) =>
  tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);

// What SST brings along, not what the repository has.
const ofPlatform = createRequire(join(platformFolder, "package.json"));
const pulumi = ofPlatform("@pulumi/pulumi");
Object.assign(globalThis, {
  $app: { name: "steward", stage: options.stage, removal: "retain", providers: {}, protect: false },
  $dev: options.live ?? false,
  $cli: {
    command: options.command ?? "diff",
    rpc: "",
    paths: { home: options.work, root: options.root, work: options.work, platform: platformFolder },
    state: { version: {} },
  },
  aws: ofPlatform("@pulumi/aws"),
});
Object.assign(process.env, { SST_SERVER: await answerSst(), SST_AWS_REGION: mockRegion });

await pulumi.runtime.setMocks(
  {
    newResource: ({ type, name, inputs }: Registered) => {
      const resource = { type, name, inputs: open(inputs) as Registered["inputs"] };
      registered.push(resource);
      return { id: `${name}-id`, state: { ...resource.inputs, ...stateOf(resource) } };
    },
    call: ({ token, inputs }: { token: string; inputs: Record<string, unknown> }) => answerCall(token, inputs, options),
  },
  "steward",
  options.stage,
  false,
);

const { app, deploy } = await import(pathToFileURL(options.bundle).href);
const settings = await app({ stage: options.stage });
const outputs = await pulumi.runtime.runInPulumiStack(() => deploy());
const resolved = await new Promise((resolve) => pulumi.output(outputs).apply(resolve));
await pulumi.runtime.disconnect();
tell({ registered, outputs: resolved as Record<string, unknown>, app: settings });

/** Pulumi wraps what a provider holds for secret, as it does the value of any SSM parameter. */
function open(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(open);
  if (typeof value !== "object" || value === null) return value;
  if (pulumi.runtime.specialSigKey in value && "value" in value) return open(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, open(part)]));
}

/** What SST's components ask of its CLI, by JSON-RPC. Gives the address. */
async function answerSst(): Promise<string> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => response.end(JSON.stringify(answerRpc(Buffer.concat(parts).toString()))));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

function answerRpc(body: string): { result: unknown } | { error: string } {
  try {
    const { method, params } = JSON.parse(body);
    return { result: sst(method, params[0]) };
  } catch (error) {
    return { error: String(error) };
  }
}

function sst(method: string, input: Record<string, string>): unknown {
  switch (method) {
    case "Provider.Aws.Bootstrap":
      return { asset: "sst-asset", state: "sst-state", assetEcrRegistryId: "", assetEcrUrl: "" };
    case "Provider.Aws.Appsync":
      return { http: "appsync.example", realtime: "realtime.appsync.example" };
    case "Runtime.AddTarget":
      return true;
    case "Runtime.Build":
      return build(input);
    default:
      throw new Error(`SST asks for ${method}, which has no stand-in`);
  }
}

/** A function's code as SST hands it on: as it was built, or the source, of which only its place is looked at. */
function build({ functionID = "", handler = "", bundle }: Record<string, string>) {
  if (bundle !== undefined) return { handler, out: join(options.root, bundle), errors: [], sourcemaps: [] };
  const source = `${handler.replace(/\.handler$/, "")}.ts`;
  const out = join(options.work, functionID);
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "index.mjs"), source);
  const errors = existsSync(join(options.root, source)) ? [] : [`${source} is not there`];
  return { handler: "index.handler", out, errors, sourcemaps: [] };
}
