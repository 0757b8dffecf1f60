import { AppError } from "@steward/contracts/errors";
import { textLine } from "@steward/contracts/log-line";
import { resourceNames } from "@steward/contracts/names";
import { buildDashboard } from "@steward/dashboard/build";
import { writeProfiles } from "./cli-profiles.ts";
import { demoAppliances } from "./demo-fleet.ts";
import { readLocalEnvironment } from "./env.ts";
import { readCredentials } from "./host/function-environment.ts";
import { hasClaudeKey, ollamaModels } from "./models.ts";
import { parseOptions, type StartOptions, usage } from "./options.ts";
import { startSteward } from "./stack.ts";
import type { Stack } from "./stack-options.ts";
import { join } from "node:path";

/** `npm start`: brings everything up, says how to use it, and keeps running until Ctrl-C. */
export async function runSupervisor(args: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  try {
    const options = parseOptions(args, process.cwd());
    if (options.help) {
      process.stdout.write(usage);
      return;
    }
    const environment = readLocalEnvironment();
    process.umask(0o077);
    let stack: Stack | undefined;
    let ending = false;
    const end = () => {
      if (ending) {
        stack?.killNow();
        process.exit(130);
      }
      ending = true;
      if (!options.quiet) console.log("\nEnding. Once more Ctrl-C ends at once.");
      // Before it is up there is nothing to end gently: what was started notices that this process is gone.
      if (stack === undefined) process.exit(130);
      void stack.close().then(() => process.exit(0));
    };
    process.on("SIGINT", end);
    process.on("SIGTERM", end);
    const say = (text: string) => void process.stderr.write(textLine(text));
    // Beside everything else; where it cannot be built, the API and the command line are there all the same.
    const dashboard = buildDashboard({ say }).catch((error: unknown) =>
      say(`The dashboard cannot be built; all else goes on. ${error instanceof Error ? error.message : String(error)}`),
    );
    stack = await startSteward({
      stateDir: options["state-dir"],
      sandboxDir: options["sandbox-dir"],
      ports: { api: options["api-port"], nodes: options["nodes-port"], cloud: options["cloud-port"] },
      appliances: options.fleet ? options.appliances : 0,
      worker: options.worker ? {} : false,
      executor: options.executor,
      compileCacheDir: environment.compileCacheDir,
      functionEnv: environment.openTelemetry,
      ...(environment.dynamodbEndpoint === undefined ? {} : { dynamodbEndpoint: environment.dynamodbEndpoint }),
      log: say,
    });
    await dashboard;
    const seconds = (performance.now() - startedMs) / 1000;
    await writeProfiles(environment.profilesFile, profilesOf(stack));
    if (!options.quiet) await greet(stack, options, environment.ollamaHost, seconds);
  } catch (error) {
    const next = error instanceof AppError && error.next !== undefined ? ` – ${error.next}` : "";
    process.stderr.write(
      textLine(`Steward cannot start: ${error instanceof Error ? error.message : String(error)}${next}.`),
    );
    process.exit(1);
  }
}

/** `local` is the first tenant's admin; the others have a profile each. */
function profilesOf(stack: Stack) {
  const [first] = stack.tenants;
  return {
    ...(first === undefined ? {} : { local: first.profile }),
    ...Object.fromEntries(stack.tenants.map(({ slug, profile }) => [`local-${slug}`, profile])),
  };
}

async function greet(stack: Stack, options: StartOptions, ollamaHost: string, seconds: number): Promise<void> {
  const models = options.worker ? await ollamaModels(ollamaHost) : [];
  const { accessKeyId, secretAccessKey } = readCredentials(join(stack.stateDir, "credentials.json"))("escalate");
  const claude = await hasClaudeKey(
    { endpointUrl: stack.cloudUrl, region: "eu-central-1", credentials: { accessKeyId, secretAccessKey } },
    resourceNames(stack.stage).anthropicSecret,
  ).catch(() => false);
  const count = options.fleet ? options.appliances : 0;
  const target = demoAppliances(count).find(({ tenant }) => tenant === stack.tenants[0]?.slug)?.name ?? "<appliance>";
  const lines = [
    "",
    `Steward is up (${seconds.toFixed(1)} s): ${count} appliances, ${options.worker ? "one worker" : "no worker"}.`,
    "",
    `  Dashboard   ${await stack.loginLink()}`,
    "              (signs one browser in, once; within an hour)",
    `  API         ${stack.apiUrl}/docs`,
    `  Playbooks   ${stack.executor.kind}: ${stack.executor.why}`,
    `  Models      ${modelsLine(models, ollamaHost, options.worker, claude)}`,
    "",
    "Try, in another terminal:",
    "",
    `  npx steward ask "add user john" --on ${target}      a change`,
    `  npx steward ask "add a user" --on ${target}         asks for what is missing`,
    `  npx steward ask "what's the weather" --on ${target} a refusal`,
    '  npx steward support "how do I reach my files from Windows?"   a question',
    "",
    "Ctrl-C ends everything; what was accepted is kept.",
  ];
  console.log(lines.join("\n"));
}

function modelsLine(models: readonly string[] | undefined, host: string, worker: boolean, claude: boolean): string {
  const ollama = !worker
    ? "no worker, so no Ollama"
    : models === undefined
      ? `no Ollama at ${host}`
      : models.length === 0
        ? `Ollama at ${host} has no model yet`
        : `Ollama (${models.join(", ")})`;
  const key = claude ? "Claude" : "no Claude key (npx steward secrets set anthropic --profile local-provider)";
  return `${ollama}; ${key}${models === undefined && !claude ? ". Plain commands are understood without a model." : ""}`;
}
