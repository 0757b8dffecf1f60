import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Change, Journal } from "./journal.ts";
import { type CloudContext, type Operations, operation, page, ServiceError, toSeconds } from "./service.ts";
import { checkParameters, type Documents, parseDocument } from "./ssm-documents.ts";
import type { InstanceRecord, Instances } from "./ssm-instances.ts";

type Status = "Pending" | "InProgress" | "Success" | "Failed" | "Cancelling" | "Cancelled" | "TimedOut";

/** One machine's copy of a command. Stored under `ssm/invocation/{command}/{instance}`. */
interface Invocation {
  commandId: string;
  instanceId: string;
  instanceName?: string;
  status: Status;
  /** AWS's finer word: `DeliveryTimedOut`, `ExecutionTimedOut`, `Terminated`, … */
  details: string;
  requestedAtMs: number;
  /** When its turn came under MaxConcurrency; the delivery timeout runs from here. */
  openedAtMs?: number;
  deliveredAtMs?: number;
  endedAtMs?: number;
  exitCode?: number;
  output?: string;
  error?: string;
}

/** Stored under `ssm/command/{id}`. */
interface Command {
  id: string;
  documentName: string;
  documentContent: string;
  parameters: Record<string, string[]>;
  comment: string;
  instanceIds: string[];
  targets: { Key: string; Values: string[] }[];
  /** As given: a number or a percentage. */
  maxConcurrency: string;
  maxErrors: string;
  timeoutSeconds: number;
  executionTimeoutSeconds: number;
  requestedAtMs: number;
  cancelled: boolean;
}

/** AWS cuts outputs at these lengths; whoever wants more keeps it in S3. */
const maxOutputCharacters = 24_000;
const maxErrorCharacters = 8_000;
const maxPluginOutputCharacters = 2_500;
const maxParameterBytes = 65_536;
const historyMs = 30 * 24 * 3600_000;
const defaultExecutionTimeoutSeconds = 3_600;
const maxPollMs = 20_000;

export interface Commands {
  operations: Operations;
  /** `POST /_ssm/poll`: what the instance shall do and does not have in hand yet. */
  poll(instance: InstanceRecord, input: unknown): Promise<object>;
  /** `POST /_ssm/result`: how it went. Said twice, it counts once. */
  result(instance: InstanceRecord, input: unknown): Promise<object>;
  close(): void;
}

/** Run Command. A command given to a machine is given again until the machine says that it has it or how it ended. */
export function createCommands(
  context: CloudContext,
  journal: Journal,
  options: { documents: Documents; instances: Instances },
): Commands {
  const { documents, instances } = options;
  const commands = new Map<string, { command: Command; invocations: Map<string, Invocation> }>();
  /** Open invocations of each instance, oldest first. */
  const inboxes = new Map<string, Map<string, Invocation>>();
  const polls = new Map<string, () => void>();

  const inbox = (instanceId: string): Map<string, Invocation> => {
    let found = inboxes.get(instanceId);
    if (found === undefined) {
      found = new Map();
      inboxes.set(instanceId, found);
    }
    return found;
  };
  const keyOf = (invocation: Invocation) => `ssm/invocation/${invocation.commandId}/${invocation.instanceId}`;
  const changeOf = (invocation: Invocation): Change => ({ key: keyOf(invocation), value: { ...invocation } });
  const isOpen = (invocation: Invocation) => invocation.openedAtMs !== undefined && invocation.endedAtMs === undefined;

  /** Opens as many further invocations as the command's limits let. Gives the changes. */
  const advance = (commandId: string): Change[] => {
    const found = commands.get(commandId);
    if (found === undefined) return [];
    const { command } = found;
    const invocations = [...found.invocations.values()];
    const changes: Change[] = [];
    const errors = invocations.filter(countsAsError).length;
    const stopped = errors > limitOf(command.maxErrors, invocations.length, 0);
    let open = invocations.filter(isOpen).length;
    const concurrency = limitOf(command.maxConcurrency, invocations.length, 1);
    for (const invocation of invocations) {
      if (invocation.openedAtMs !== undefined || invocation.endedAtMs !== undefined) continue;
      if (stopped) {
        end(invocation, "Cancelled", "Terminated");
        changes.push(changeOf(invocation));
      } else if (open < concurrency) {
        open += 1;
        invocation.openedAtMs = context.now();
        inbox(invocation.instanceId).set(commandId, invocation);
        changes.push(changeOf(invocation));
        polls.get(invocation.instanceId)?.();
      }
    }
    return changes;
  };

  const end = (invocation: Invocation, status: Status, details: string = status) => {
    invocation.status = status;
    invocation.details = details;
    invocation.endedAtMs = context.now();
    inboxes.get(invocation.instanceId)?.delete(invocation.commandId);
  };

  const expire = () => {
    const nowMs = context.now();
    const changes: Change[] = [];
    for (const open of inboxes.values()) {
      for (const invocation of open.values()) {
        const command = commands.get(invocation.commandId)?.command;
        if (command === undefined) continue;
        if (invocation.deliveredAtMs === undefined) {
          if (nowMs < (invocation.openedAtMs ?? nowMs) + command.timeoutSeconds * 1000) continue;
          end(invocation, "TimedOut", "DeliveryTimedOut");
        } else {
          if (nowMs < invocation.deliveredAtMs + command.executionTimeoutSeconds * 1000) continue;
          end(invocation, "TimedOut", "ExecutionTimedOut");
        }
        changes.push(changeOf(invocation), ...advance(invocation.commandId));
      }
    }
    if (changes.length > 0) journal.write(changes).catch((error: unknown) => context.log(String(error)));
  };

  const forgetOld = () => {
    const changes: Change[] = [];
    for (const [id, { command, invocations }] of commands) {
      if (command.requestedAtMs > context.now() - historyMs || [...invocations.values()].some(isOpen)) continue;
      commands.delete(id);
      changes.push({ key: `ssm/command/${id}` }, ...[...invocations.values()].map((one) => ({ key: keyOf(one) })));
    }
    if (changes.length > 0) journal.write(changes).catch((error: unknown) => context.log(String(error)));
  };

  for (const [key, value] of journal.entries)
    if (key.startsWith("ssm/command/")) {
      const command = value as Command;
      commands.set(command.id, { command, invocations: new Map() });
    }
  for (const [key, value] of journal.entries) {
    if (!key.startsWith("ssm/invocation/")) continue;
    const invocation = { ...(value as Invocation) };
    commands.get(invocation.commandId)?.invocations.set(invocation.instanceId, invocation);
    if (isOpen(invocation)) inbox(invocation.instanceId).set(invocation.commandId, invocation);
  }
  forgetOld();
  const expiryTimer = setInterval(expire, 250);
  const historyTimer = setInterval(forgetOld, 3600_000);
  expiryTimer.unref();
  historyTimer.unref();

  const describe = ({ command, invocations }: { command: Command; invocations: Map<string, Invocation> }) => {
    const all = [...invocations.values()];
    const { status, details } = overall(command, all);
    return {
      CommandId: command.id,
      DocumentName: command.documentName,
      DocumentVersion: "$DEFAULT",
      Comment: command.comment,
      ExpiresAfter: toSeconds(
        command.requestedAtMs + (command.timeoutSeconds + command.executionTimeoutSeconds) * 1000,
      ),
      Parameters: command.parameters,
      InstanceIds: command.instanceIds,
      Targets: command.targets,
      RequestedDateTime: toSeconds(command.requestedAtMs),
      Status: status,
      StatusDetails: details,
      MaxConcurrency: command.maxConcurrency,
      MaxErrors: command.maxErrors,
      TargetCount: all.length,
      CompletedCount: all.filter((one) => one.endedAtMs !== undefined).length,
      ErrorCount: all.filter(countsAsError).length,
      DeliveryTimedOutCount: all.filter((one) => one.details === "DeliveryTimedOut").length,
      TimeoutSeconds: command.timeoutSeconds,
    };
  };

  const targetsOf = (input: {
    InstanceIds: string[];
    Targets: { Key: string; Values: string[] }[];
  }): InstanceRecord[] => {
    const ids = [
      ...input.InstanceIds,
      ...input.Targets.flatMap(({ Key, Values }) => (Key === "InstanceIds" ? Values : [])),
    ];
    if (ids.length > 0) {
      if (new Set(ids).size !== ids.length)
        throw new ServiceError("DuplicateInstanceId", "An instance is named twice.");
      return ids.map((id) => {
        const instance = instances.find(id);
        if (instance === undefined)
          throw new ServiceError(
            "InvalidInstanceId",
            `Instances [[${id}]] not in a valid state for account ${context.accountId}`,
          );
        return instance;
      });
    }
    // Several targets narrow each other; several values of one widen it.
    return instances.all().filter((instance) =>
      input.Targets.every(({ Key, Values }) => {
        if (Key === "tag-key") return instance.tags.some((tag) => Values.includes(tag.Key));
        if (!Key.startsWith("tag:")) throw new ServiceError("InvalidTarget", `The target key ${Key} is not known.`);
        return instance.tags.some((tag) => tag.Key === Key.slice(4) && Values.includes(tag.Value));
      }),
    );
  };

  const badToken = () => new ServiceError("InvalidNextToken", "The specified token isn't valid.");
  const filterSchema = z.array(z.object({ key: z.string(), value: z.string() })).default([]);
  const matches = (
    filters: { key: string; value: string }[],
    one: { status: string; details: string; documentName: string; requestedAtMs: number },
  ) =>
    filters.every(({ key, value }) => {
      if (key === "Status") return one.status === value || one.details === value;
      if (key === "DocumentName") return one.documentName === value;
      if (key === "InvokedAfter") return one.requestedAtMs > Date.parse(value);
      if (key === "InvokedBefore") return one.requestedAtMs < Date.parse(value);
      throw new ServiceError("InvalidFilterKey", `The filter key ${key} is not known.`);
    });
  const newestFirst = () => [...commands.values()].sort((a, b) => b.command.requestedAtMs - a.command.requestedAtMs);

  const operations: Operations = {
    SendCommand: operation(
      z.object({
        DocumentName: z.string(),
        InstanceIds: z.array(z.string()).max(50).default([]),
        Targets: z
          .array(z.object({ Key: z.string(), Values: z.array(z.string()).max(50) }))
          .max(5)
          .default([]),
        Parameters: z.record(z.string(), z.array(z.string())).default({}),
        Comment: z.string().max(100).default(""),
        TimeoutSeconds: z.int().min(30).max(2_592_000).default(3_600),
        MaxConcurrency: z.string().regex(limitPattern).default("50"),
        MaxErrors: z
          .string()
          .regex(/^(0|[1-9]\d{0,6}|[0-9]%|[1-9]\d%|100%)$/)
          .default("0"),
      }),
      async (input, caller) => {
        caller.require("ssm:SendCommand", input.DocumentName);
        const document = documents.find(input.DocumentName);
        if (document === undefined)
          throw new ServiceError("InvalidDocument", `Document with name ${input.DocumentName} does not exist.`);
        if ((input.InstanceIds.length === 0) === (input.Targets.length === 0))
          throw new ServiceError("ValidationException", "Give exactly one of InstanceIds and Targets.");
        const parameters = checkParameters(document, input.Parameters);
        if (Buffer.byteLength(JSON.stringify(parameters)) + Buffer.byteLength(document.content) > maxParameterBytes)
          throw new ServiceError("MaxDocumentSizeExceeded", "The document with its parameters is over 64 KB.");
        const command: Command = {
          id: randomUUID(),
          documentName: document.name,
          documentContent: document.content,
          parameters,
          comment: input.Comment,
          instanceIds: input.InstanceIds,
          targets: input.Targets,
          maxConcurrency: input.MaxConcurrency,
          maxErrors: input.MaxErrors,
          timeoutSeconds: input.TimeoutSeconds,
          executionTimeoutSeconds: Number(parameters.executionTimeout?.[0] ?? defaultExecutionTimeoutSeconds),
          requestedAtMs: context.now(),
          cancelled: false,
        };
        const invocations = new Map(
          targetsOf(input).map((instance): [string, Invocation] => [
            instance.id,
            {
              commandId: command.id,
              instanceId: instance.id,
              ...(instance.name === undefined ? {} : { instanceName: instance.name }),
              status: "Pending",
              details: "Pending",
              requestedAtMs: command.requestedAtMs,
            },
          ]),
        );
        // Durable before any machine can see it.
        await journal.commit([
          { key: `ssm/command/${command.id}`, value: command },
          ...[...invocations.values()].map(changeOf),
        ]);
        const entry = { command, invocations };
        commands.set(command.id, entry);
        const answer = describe(entry);
        await journal.write(advance(command.id));
        return { Command: answer };
      },
    ),
    CancelCommand: operation(
      z.object({ CommandId: z.string(), InstanceIds: z.array(z.string()).default([]) }),
      async (input, caller) => {
        caller.require("ssm:CancelCommand", "*");
        const found = commands.get(input.CommandId);
        if (found === undefined) throw new ServiceError("InvalidCommandId", "The specified command ID isn't valid.");
        const changes: Change[] = [];
        for (const invocation of found.invocations.values()) {
          if (invocation.endedAtMs !== undefined) continue;
          if (input.InstanceIds.length > 0 && !input.InstanceIds.includes(invocation.instanceId)) continue;
          // What a machine already does can only be asked to stop.
          if (invocation.deliveredAtMs === undefined) end(invocation, "Cancelled");
          else {
            invocation.status = "Cancelling";
            invocation.details = "Cancelling";
            polls.get(invocation.instanceId)?.();
          }
          changes.push(changeOf(invocation));
        }
        if (input.InstanceIds.length === 0) {
          found.command.cancelled = true;
          changes.push({ key: `ssm/command/${found.command.id}`, value: { ...found.command } });
        }
        await journal.commit([...changes, ...advance(input.CommandId)]);
        return {};
      },
    ),
    ListCommands: operation(
      z.object({
        CommandId: z.string().optional(),
        InstanceId: z.string().optional(),
        Filters: filterSchema,
        MaxResults: z.int().min(1).max(50).default(50),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("ssm:ListCommands", "*");
        const chosen = newestFirst().filter(
          (entry) =>
            (input.CommandId === undefined || entry.command.id === input.CommandId) &&
            (input.InstanceId === undefined || entry.invocations.has(input.InstanceId)) &&
            matches(input.Filters, { ...entry.command, ...overall(entry.command, [...entry.invocations.values()]) }),
        );
        const { items, nextToken } = page(chosen, ({ command }) => command.id, {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return { Commands: items.map(describe), NextToken: nextToken };
      },
    ),
    ListCommandInvocations: operation(
      z.object({
        CommandId: z.string().optional(),
        InstanceId: z.string().optional(),
        Filters: filterSchema,
        Details: z.boolean().default(false),
        MaxResults: z.int().min(1).max(50).default(50),
        NextToken: z.string().optional(),
      }),
      (input, caller) => {
        caller.require("ssm:ListCommandInvocations", "*");
        const chosen = newestFirst().flatMap(({ command, invocations }) =>
          input.CommandId !== undefined && command.id !== input.CommandId
            ? []
            : [...invocations.values()]
                .filter(
                  (one) =>
                    (input.InstanceId === undefined || one.instanceId === input.InstanceId) &&
                    matches(input.Filters, { ...one, documentName: command.documentName }),
                )
                .map((invocation) => ({ command, invocation })),
        );
        const { items, nextToken } = page(chosen, ({ invocation }) => keyOf(invocation), {
          limit: input.MaxResults,
          token: input.NextToken,
          badToken,
        });
        return {
          CommandInvocations: items.map(({ command, invocation }) => ({
            CommandId: command.id,
            InstanceId: invocation.instanceId,
            InstanceName: invocation.instanceName ?? "",
            Comment: command.comment,
            DocumentName: command.documentName,
            DocumentVersion: "$DEFAULT",
            RequestedDateTime: toSeconds(command.requestedAtMs),
            Status: invocation.status,
            StatusDetails: invocation.details,
            CommandPlugins:
              input.Details && invocation.deliveredAtMs !== undefined
                ? [
                    {
                      Name: pluginName(command),
                      Status: invocation.status,
                      StatusDetails: invocation.details,
                      ResponseCode: invocation.exitCode ?? -1,
                      ResponseStartDateTime: toSeconds(invocation.deliveredAtMs),
                      ...(invocation.endedAtMs === undefined
                        ? {}
                        : { ResponseFinishDateTime: toSeconds(invocation.endedAtMs) }),
                      Output: cut((invocation.output ?? "") + (invocation.error ?? ""), maxPluginOutputCharacters),
                    },
                  ]
                : [],
          })),
          NextToken: nextToken,
        };
      },
    ),
    GetCommandInvocation: operation(z.object({ CommandId: z.string(), InstanceId: z.string() }), (input, caller) => {
      caller.require("ssm:GetCommandInvocation", "*");
      const found = commands.get(input.CommandId);
      const invocation = found?.invocations.get(input.InstanceId);
      if (found === undefined || invocation === undefined)
        throw new ServiceError(
          "InvocationDoesNotExist",
          "The command ID and managed node ID you specified did not match any invocations.",
        );
      return {
        CommandId: input.CommandId,
        InstanceId: input.InstanceId,
        Comment: found.command.comment,
        DocumentName: found.command.documentName,
        DocumentVersion: "$DEFAULT",
        PluginName: pluginName(found.command),
        ResponseCode: invocation.exitCode ?? -1,
        ExecutionStartDateTime: isoOf(invocation.deliveredAtMs),
        ExecutionEndDateTime: isoOf(invocation.endedAtMs),
        Status: invocation.status,
        StatusDetails: invocation.details,
        StandardOutputContent: cut(invocation.output ?? "", maxOutputCharacters),
        StandardErrorContent: cut(invocation.error ?? "", maxErrorCharacters),
        StandardOutputUrl: "",
        StandardErrorUrl: "",
      };
    }),
  };

  /** What this machine should start or stop, given what it says it has. */
  const dueFor = (instanceId: string, inHand: Set<string>) => {
    const open = [...inbox(instanceId).values()];
    return {
      start: open.filter((one) => !inHand.has(one.commandId)),
      stop: open.filter((one) => inHand.has(one.commandId) && one.status === "Cancelling"),
    };
  };

  const pollInput = z.object({
    inHand: z.array(z.string()).max(1000).default([]),
    waitMs: z.int().min(0).max(maxPollMs).default(maxPollMs),
    stopping: z.array(z.string()).default([]),
  });
  const resultInput = z.object({
    commandId: z.string(),
    status: z.enum(["Success", "Failed", "Cancelled"]),
    output: z.string().default(""),
    error: z.string().default(""),
    exitCode: z.int().optional(),
  });

  return {
    operations,
    poll: async (instance, raw) => {
      const input = parse(pollInput, raw);
      const inHand = new Set(input.inHand);
      const stopping = new Set(input.stopping);
      instances.heard(instance.id);
      const due = () => {
        const { start, stop } = dueFor(instance.id, inHand);
        return { start, stop: stop.filter((one) => !stopping.has(one.commandId)) };
      };
      let now = due();
      if (now.start.length === 0 && now.stop.length === 0 && input.waitMs > 0) {
        // The newest poll of a machine replaces an older one, which an agent that was killed may have left.
        polls.get(instance.id)?.();
        await new Promise<void>((resolve) => {
          const timer = setTimeout(wake, input.waitMs);
          function wake(): void {
            clearTimeout(timer);
            if (polls.get(instance.id) === wake) polls.delete(instance.id);
            resolve();
          }
          polls.set(instance.id, wake);
        });
        instances.heard(instance.id);
        now = due();
      }
      const changes: Change[] = [];
      const delivered: Invocation[] = [];
      for (const invocation of now.start) {
        if (invocation.status === "Cancelling") {
          // It was asked to stop before the machine could keep it: there is nothing to stop.
          end(invocation, "Cancelled");
        } else {
          invocation.status = "InProgress";
          invocation.details = "InProgress";
          invocation.deliveredAtMs ??= context.now();
          delivered.push(invocation);
        }
        changes.push(changeOf(invocation));
      }
      await journal.write(changes);
      return {
        commands: delivered.flatMap((invocation) => {
          const command = commands.get(invocation.commandId)?.command;
          return command === undefined
            ? []
            : [{ commandId: command.id, documentName: command.documentName, parameters: command.parameters }];
        }),
        stop: now.stop.map((one) => one.commandId),
      };
    },
    result: async (instance, raw) => {
      const input = parse(resultInput, raw);
      const invocation = commands.get(input.commandId)?.invocations.get(instance.id);
      // Unknown, or ended without the machine (timeout): there is nothing to add, and asking again would not help.
      if (invocation === undefined || invocation.endedAtMs !== undefined) return { accepted: false };
      invocation.output = cut(input.output, maxOutputCharacters);
      invocation.error = cut(input.error, maxErrorCharacters);
      invocation.exitCode = input.exitCode ?? (input.status === "Success" ? 0 : 1);
      end(invocation, input.status);
      await journal.commit([changeOf(invocation), ...advance(invocation.commandId)]);
      return { accepted: true };
    },
    close: () => {
      clearInterval(expiryTimer);
      clearInterval(historyTimer);
      for (const wake of polls.values()) wake();
    },
  };
}

const limitPattern = /^([1-9]\d{0,6}|[1-9]%|[1-9]\d%|100%)$/;

/** `10`, or `10%` of the targets, rounded down. */
function limitOf(text: string, targets: number, least: number): number {
  const value = text.endsWith("%") ? Math.floor((targets * Number(text.slice(0, -1))) / 100) : Number(text);
  return Math.max(value, least);
}

/** Undelivered ones do not count against MaxErrors, as on AWS. */
function countsAsError(invocation: Invocation): boolean {
  return invocation.details === "Failed" || invocation.details === "ExecutionTimedOut";
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
function overall(command: Command, invocations: Invocation[]): { status: Status; details: string } {
  const plain = (status: Status) => ({ status, details: status });
  if (invocations.length === 0) return { status: "Failed", details: "NoInstancesInTag" };
  if (invocations.every((one) => one.status === "Pending")) return plain("Pending");
  if (invocations.some((one) => one.endedAtMs === undefined))
    return plain(command.cancelled ? "Cancelling" : "InProgress");
  if (invocations.every((one) => one.status === "Success")) return plain("Success");
  const errors = invocations.filter(countsAsError);
  const threshold = Math.max(limitOf(command.maxErrors, invocations.length, 0), 1);
  if (errors.length >= threshold)
    return errors.every((one) => one.details === "ExecutionTimedOut")
      ? { status: "TimedOut", details: "ExecutionTimedOut" }
      : plain("Failed");
  if (command.cancelled) return plain("Cancelled");
  if (invocations.filter((one) => one.details === "DeliveryTimedOut").length >= threshold)
    return { status: "TimedOut", details: "DeliveryTimedOut" };
  return { status: "Failed", details: "Incomplete" };
}

function pluginName(command: Command): string {
  return parseDocument({ name: command.documentName, content: command.documentContent }).mainSteps[0]?.name ?? "";
}

function cut(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : text.slice(0, maxCharacters);
}

function isoOf(epochMs: number | undefined): string {
  return epochMs === undefined ? "" : new Date(epochMs).toISOString();
}

function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new ServiceError("ValidationException", z.prettifyError(parsed.error));
  return parsed.data;
}
