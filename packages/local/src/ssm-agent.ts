import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { signRequest } from "./cloud/sigv4.ts";

/** How a command ended. `output` beyond 24,000 characters is cut by the service, as on AWS. */
export interface CommandResult {
  status: "Success" | "Failed";
  output: string;
  error?: string;
}

export interface SsmAgentOptions {
  /** The local cloud, `http://127.0.0.1:PORT`. */
  endpoint: string;
  /** From CreateActivation; used once, then the state file is what counts. */
  activation: { activationId: string; activationCode: string };
  /** Keeps the instance's identity, and results until they were accepted (0600). */
  stateFile: string;
  /** May be called again for the same command after a crash: what it does must bear that. */
  onCommand: (
    documentName: string,
    parameters: Record<string, string[]>,
    command: { commandId: string; signal: AbortSignal },
  ) => Promise<CommandResult>;
  log?: (message: string) => void;
}

export interface SsmAgent {
  /** `mi-…` */
  instanceId: string;
  /** Stops polling and waits for the commands under way. */
  stop(): Promise<void>;
}

const identitySchema = z.object({
  instanceId: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  region: z.string(),
});
const resultSchema = z.object({
  commandId: z.string(),
  status: z.enum(["Success", "Failed", "Cancelled"]),
  output: z.string(),
  error: z.string(),
});
const stateSchema = z.object({ identity: identitySchema, results: z.array(resultSchema) });
const pollSchema = z.object({
  commands: z.array(
    z.object({
      commandId: z.string(),
      documentName: z.string(),
      parameters: z.record(z.string(), z.array(z.string())),
    }),
  ),
  stop: z.array(z.string()),
});

type Identity = z.infer<typeof identitySchema>;
type Result = z.infer<typeof resultSchema>;

const retryMs = { first: 100, most: 5_000 };
const maxOutputCharacters = 24_000;

/**
 * What the SSM agent is on a real appliance, for the local cloud: registers once, waits for commands, answers. A
 * command counts as taken only while this process names it in its polls, so after a crash it comes again; a result is
 * kept until the cloud has accepted it.
 */
export async function startSsmAgent(options: SsmAgentOptions): Promise<SsmAgent> {
  const stopping = new AbortController();
  const state = readState(options.stateFile) ?? {
    identity: await registered(options, stopping.signal),
    results: [],
  };
  const save = () => writeState(options.stateFile, state);
  save();

  const running = new Map<string, { work: Promise<void>; abort: AbortController }>();

  const run = async (
    command: { commandId: string; documentName: string; parameters: Record<string, string[]> },
    signal: AbortSignal,
  ) => {
    let result: Result;
    try {
      const { status, output, error } = await options.onCommand(command.documentName, command.parameters, {
        commandId: command.commandId,
        signal,
      });
      result = {
        commandId: command.commandId,
        status: signal.aborted ? "Cancelled" : status,
        output: output.slice(0, maxOutputCharacters),
        error: (error ?? "").slice(0, maxOutputCharacters),
      };
    } catch (error) {
      result = {
        commandId: command.commandId,
        status: signal.aborted ? "Cancelled" : "Failed",
        output: "",
        error: String(error),
      };
    }
    state.results.push(result);
    save();
    running.delete(command.commandId);
    await deliver();
  };

  let delivering: Promise<void> | undefined;
  const deliver = (): Promise<void> => {
    delivering ??= deliverAll().finally(() => {
      delivering = undefined;
    });
    return delivering;
  };
  const deliverAll = async () => {
    for (let result = state.results[0]; result !== undefined; result = state.results[0]) {
      const answer = await persistently(options, stopping.signal, () =>
        call(options.endpoint, state.identity, "/_ssm/result", result, undefined),
      );
      if (answer === undefined) return;
      state.results.shift();
      save();
    }
  };

  const poll = async () => {
    while (!stopping.signal.aborted) {
      const inHand = [...running.keys(), ...state.results.map(({ commandId }) => commandId)];
      const aborting = [...running].filter(([, { abort }]) => abort.signal.aborted).map(([commandId]) => commandId);
      const answer = await persistently(options, stopping.signal, async () =>
        pollSchema.parse(
          await call(options.endpoint, state.identity, "/_ssm/poll", { inHand, stopping: aborting }, stopping.signal),
        ),
      );
      if (answer === undefined) return;
      for (const commandId of answer.stop) running.get(commandId)?.abort.abort();
      for (const command of answer.commands) {
        if (running.has(command.commandId) || state.results.some(({ commandId }) => commandId === command.commandId))
          continue;
        const abort = new AbortController();
        running.set(command.commandId, { abort, work: run(command, abort.signal) });
      }
    }
  };

  void deliver();
  const polling = poll();
  return {
    instanceId: state.identity.instanceId,
    stop: async () => {
      stopping.abort();
      await polling;
      await Promise.all([...running.values()].map(({ work }) => work));
      await delivering;
    },
  };
}

async function registered(options: SsmAgentOptions, signal: AbortSignal): Promise<Identity> {
  const answer = await persistently(
    options,
    signal,
    () =>
      send(
        new URL("/_ssm/register", options.endpoint),
        { "content-type": "application/json" },
        JSON.stringify(options.activation),
        signal,
      ),
    true,
  );
  if (answer === undefined) throw new Error("Stopped before the registration");
  return identitySchema.parse(answer);
}

function call(
  endpoint: string,
  identity: Identity,
  path: string,
  input: object,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const url = new URL(path, endpoint);
  const body = JSON.stringify(input);
  const { host: _, ...headers } = signRequest(
    { method: "POST", url, headers: { "content-type": "application/json" }, body },
    { ...identity, service: "ssm", nowMs: Date.now() },
  );
  return send(url, headers, body, signal);
}

async function send(
  url: URL,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const response = await fetch(url, { method: "POST", headers, body, ...(signal === undefined ? {} : { signal }) });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const refusal = new Error(`${url.pathname}: ${response.status} ${text}`);
  throw response.status < 500 ? new RefusedError(refusal.message) : refusal;
}

/** The cloud understood and said no. */
class RefusedError extends Error {}

/**
 * Again and again, with growing pauses, until it works or the agent stops (then `undefined`). A refusal is tried again
 * too, as a machine that was just set back to an older state may be let in later, except where `refusalsEnd` it.
 */
async function persistently<Answer>(
  options: SsmAgentOptions,
  signal: AbortSignal,
  attempt: () => Promise<Answer>,
  refusalsEnd = false,
): Promise<Answer | undefined> {
  for (let pauseMs = retryMs.first; ; pauseMs = Math.min(pauseMs * 2, retryMs.most)) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) return undefined;
      if (refusalsEnd && error instanceof RefusedError) throw error;
      if (pauseMs === retryMs.first)
        options.log?.(`The local cloud does not answer or refuses; trying again. ${String(error)}`);
    }
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, pauseMs);
      signal.addEventListener("abort", done);
    });
    if (signal.aborted) return undefined;
  }
}

function readState(file: string): z.infer<typeof stateSchema> | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Error(`The SSM agent's state ${file} is damaged. Delete it and give the agent a new activation.`, {
      cause: error,
    });
  }
}

/** Whole or not at all, also across a crash. */
function writeState(file: string, state: z.infer<typeof stateSchema>): void {
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
