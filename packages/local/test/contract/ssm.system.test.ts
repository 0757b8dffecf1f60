import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AddTagsToResourceCommand,
  CancelCommandCommand,
  CreateActivationCommand,
  CreateDocumentCommand,
  DeleteParameterCommand,
  DescribeDocumentCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  GetDocumentCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  PutParameterCommand,
  SendCommandCommand,
  type SendCommandCommandInput,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CommandResult, type SsmAgent, type SsmAgentOptions, startSsmAgent } from "../../src/ssm-agent.ts";
import { errorOf, eventually, openTarget, ours, type Target, uniqueName } from "./target.ts";

let target: Target;
const DocumentName = uniqueName("Contract-Wake");
const stateDir = mkdtempSync(join(tmpdir(), "steward-agents-"));
const agents: SsmAgent[] = [];

beforeAll(async () => {
  target = await openTarget();
  await target.ssm.send(
    new CreateDocumentCommand({
      Name: DocumentName,
      DocumentType: "Command",
      DocumentFormat: "JSON",
      Content: JSON.stringify({
        schemaVersion: "2.2",
        description: "Contract test",
        parameters: { word: { type: "String", allowedPattern: "^[a-z]+$" } },
        mainSteps: [{ action: "aws:runShellScript", name: "wake", inputs: { runCommand: ["echo {{ word }}"] } }],
      }),
    }),
  );
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await target.close();
  rmSync(stateDir, { recursive: true, force: true });
});

describe("Parameter Store", () => {
  const name = () => `/contract/${uniqueName("p")}`;
  const put = (Name: string, Value: string, more = {}) =>
    target.ssm.send(new PutParameterCommand({ Name, Value, Type: "String", ...more }));
  const read = (Name: string) => target.ssm.send(new GetParameterCommand({ Name }));

  test("a parameter is written once, then only over itself, and keeps its versions", async () => {
    const Name = name();
    expect((await put(Name, "one")).Version).toBe(1);
    expect((await errorOf(put(Name, "two"))).name).toBe("ParameterAlreadyExists");
    expect((await put(Name, "two", { Overwrite: true })).Version).toBe(2);
    expect((await read(Name)).Parameter).toMatchObject({ Name, Value: "two", Version: 2, Type: "String" });
    expect((await read(`${Name}:1`)).Parameter?.Value).toBe("one");
    const { Parameters } = await target.ssm.send(new GetParameterHistoryCommand({ Name }));
    expect(Parameters?.map(({ Value }) => Value)).toEqual(["one", "two"]);
    await target.ssm.send(new DeleteParameterCommand({ Name }));
    expect((await errorOf(read(Name))).name).toBe("ParameterNotFound");
  });

  test("several at once: those that are not there are named", async () => {
    const Name = name();
    await put(Name, "x");
    const answer = await target.ssm.send(new GetParametersCommand({ Names: [Name, "/contract/none"] }));
    expect(answer.Parameters?.map((one) => one.Value)).toEqual(["x"]);
    expect(answer.InvalidParameters).toEqual(["/contract/none"]);
  });

  test("by path, paged, with and without what is further below", async () => {
    const Path = name();
    for (let index = 0; index < 12; index++) await put(`${Path}/${String(index).padStart(2, "0")}`, "x");
    await put(`${Path}/deep/er`, "x");
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await target.ssm.send(new GetParametersByPathCommand({ Path, NextToken }));
      expect(page.Parameters?.length ?? 0).toBeLessThanOrEqual(10);
      seen.push(...(page.Parameters ?? []).map((one) => one.Name ?? ""));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toHaveLength(12);
    const deep = await target.ssm.send(new GetParametersByPathCommand({ Path: `${Path}/deep`, Recursive: true }));
    expect(deep.Parameters).toHaveLength(1);
  });

  test("a standard parameter has at most 4 KB, an advanced one 8 KB", async () => {
    expect((await errorOf(put(name(), "x".repeat(4097)))).name).toBe("ValidationException");
    await put(name(), "x".repeat(8192), { Tier: "Advanced" });
    expect((await errorOf(put(name(), "x".repeat(8193), { Tier: "Advanced" }))).name).toBe("ValidationException");
  });
});

describe("documents and activations", () => {
  test("a document is kept as it was written", async () => {
    const { Content } = await target.ssm.send(new GetDocumentCommand({ Name: DocumentName }));
    expect(JSON.parse(Content ?? "")).toMatchObject({ description: "Contract test" });
    const { Document } = await target.ssm.send(new DescribeDocumentCommand({ Name: DocumentName }));
    expect(Document).toMatchObject({ Name: DocumentName, DocumentType: "Command", Status: "Active" });
    expect((await errorOf(target.ssm.send(new GetDocumentCommand({ Name: "No-Such-Document" })))).name).toBe(
      "InvalidDocument",
    );
  });

  test.runIf(ours)("an activation registers as many machines as it says, and only with its code", async () => {
    const activation = await activate({ RegistrationLimit: 2 });
    const register = (activationCode: string) =>
      fetch(`${target.endpoint}/_ssm/register`, {
        method: "POST",
        body: JSON.stringify({ ...activation, activationCode }),
      });
    expect((await register("guessed")).status).toBe(400);
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(activation.activationCode)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(2);
  });
});

async function activate(more = {}): Promise<{ activationId: string; activationCode: string }> {
  const { ActivationId, ActivationCode } = await target.ssm.send(
    new CreateActivationCommand({ IamRole: "contract", ...more }),
  );
  return { activationId: ActivationId ?? "", activationCode: ActivationCode ?? "" };
}

/** A machine that answers with what `onCommand` says, tagged `steward-node:<tag>`. */
async function machine(
  tag: string,
  onCommand: SsmAgentOptions["onCommand"] = async () => ({ status: "Success", output: "done" }),
): Promise<SsmAgent> {
  const agent = await startSsmAgent({
    endpoint: target.endpoint,
    activation: await activate({ Tags: [{ Key: "steward-node", Value: tag }] }),
    stateFile: join(stateDir, `${uniqueName("agent")}.json`),
    onCommand,
  });
  agents.push(agent);
  return agent;
}

const send = async (input: Partial<SendCommandCommandInput>) => {
  const { Command } = await target.ssm.send(
    new SendCommandCommand({ DocumentName, Parameters: { word: ["hello"] }, ...input }),
  );
  return Command?.CommandId ?? "";
};
const invocation = (CommandId: string, InstanceId: string) =>
  target.ssm.send(new GetCommandInvocationCommand({ CommandId, InstanceId }));
const command = async (CommandId: string) => {
  const { Commands } = await target.ssm.send(new ListCommandsCommand({ CommandId }));
  return Commands?.[0];
};
const ended = (CommandId: string) =>
  eventually(async () => {
    const found = await command(CommandId);
    return ["Pending", "InProgress", "Cancelling"].includes(found?.Status ?? "") ? undefined : found;
  });

describe.runIf(ours)("Run Command", () => {
  test("a command to an instance reaches it with its parameters, and its output comes back", async () => {
    const seen: unknown[] = [];
    const agent = await machine("one", async (document, parameters) => {
      seen.push([document, parameters]);
      return { status: "Success", output: "hello there" };
    });
    const id = await send({ InstanceIds: [agent.instanceId] });
    expect((await ended(id))?.Status).toBe("Success");
    expect(seen).toEqual([[DocumentName, { word: ["hello"] }]]);
    expect(await invocation(id, agent.instanceId)).toMatchObject({
      Status: "Success",
      StandardOutputContent: "hello there",
      ResponseCode: 0,
      PluginName: "wake",
    });
  });

  test("tags choose machines; several values widen, several targets narrow", async () => {
    const [a, b, c] = await Promise.all([machine("tag-a"), machine("tag-b"), machine("tag-c")]);
    await target.ssm.send(
      new AddTagsToResourceCommand({
        ResourceType: "ManagedInstance",
        ResourceId: b.instanceId,
        Tags: [{ Key: "ring", Value: "canary" }],
      }),
    );
    const targetsOf = async (Targets: SendCommandCommandInput["Targets"]) => {
      const id = await send({ Targets });
      await ended(id);
      const { CommandInvocations } = await target.ssm.send(new ListCommandInvocationsCommand({ CommandId: id }));
      return CommandInvocations?.map(({ InstanceId }) => InstanceId).sort();
    };
    const both = { Key: "tag:steward-node", Values: ["tag-a", "tag-b"] };
    expect(await targetsOf([both])).toEqual([a.instanceId, b.instanceId].sort());
    expect(await targetsOf([both, { Key: "tag:ring", Values: ["canary"] }])).toEqual([b.instanceId]);
    expect(await targetsOf([{ Key: "InstanceIds", Values: [c.instanceId] }])).toEqual([c.instanceId]);
    const nobody = await ended(await send({ Targets: [{ Key: "tag:steward-node", Values: ["nobody"] }] }));
    expect(nobody?.TargetCount).toBe(0);
  });

  test("MaxConcurrency bounds how many run at once", async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    for (let index = 0; index < 5; index++)
      await machine("narrow", async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return { status: "Success", output: "" };
      });
    const id = await send({ Targets: [{ Key: "tag:steward-node", Values: ["narrow"] }], MaxConcurrency: "2" });
    for (let done = 0; done < 5; done++) {
      const next = await eventually(() => release.shift());
      next();
    }
    expect((await ended(id))?.Status).toBe("Success");
    expect(most).toBe(2);
  });

  test("MaxErrors stops a command that fails: the rest is never sent", async () => {
    let called = 0;
    for (let index = 0; index < 4; index++)
      await machine("failing", async (): Promise<CommandResult> => {
        called += 1;
        return { status: "Failed", output: "", error: "broken" };
      });
    const id = await send({
      Targets: [{ Key: "tag:steward-node", Values: ["failing"] }],
      MaxConcurrency: "1",
      MaxErrors: "1",
    });
    const found = await ended(id);
    expect(found).toMatchObject({ Status: "Failed", ErrorCount: 2, TargetCount: 4 });
    expect(called).toBe(2);
    const { CommandInvocations } = await target.ssm.send(new ListCommandInvocationsCommand({ CommandId: id }));
    expect(CommandInvocations?.map(({ StatusDetails }) => StatusDetails).sort()).toEqual([
      "Failed",
      "Failed",
      "Terminated",
      "Terminated",
    ]);
  });

  test("what was not delivered is cancelled at once, what runs is asked to stop", async () => {
    const stopped: string[] = [];
    const busy = await machine("cancel", async (_document, _parameters, { signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      stopped.push("busy");
      return { status: "Failed", output: "stopped half-way" };
    });
    const waiting = await machine("cancel");
    const id = await send({ InstanceIds: [busy.instanceId, waiting.instanceId], MaxConcurrency: "1" });
    await eventually(async () => ((await invocation(id, busy.instanceId)).Status === "InProgress" ? true : undefined));
    await target.ssm.send(new CancelCommandCommand({ CommandId: id }));
    expect((await ended(id))?.Status).toBe("Cancelled");
    expect(stopped).toEqual(["busy"]);
    expect(await invocation(id, busy.instanceId)).toMatchObject({
      Status: "Cancelled",
      StandardOutputContent: "stopped half-way",
    });
    expect((await invocation(id, waiting.instanceId)).Status).toBe("Cancelled");
  });

  test("long outputs are cut: 24,000 characters in the invocation, 2,500 in the list", async () => {
    const agent = await machine("long", async () => ({ status: "Success", output: "x".repeat(30_000) }));
    const id = await send({ InstanceIds: [agent.instanceId] });
    await ended(id);
    expect((await invocation(id, agent.instanceId)).StandardOutputContent).toHaveLength(24_000);
    const { CommandInvocations } = await target.ssm.send(
      new ListCommandInvocationsCommand({ CommandId: id, Details: true }),
    );
    expect(CommandInvocations?.[0]?.CommandPlugins?.[0]?.Output).toHaveLength(2_500);
  });

  test("lists are paged", async () => {
    const machines = await Promise.all(Array.from({ length: 5 }, () => machine("paged")));
    const id = await send({ InstanceIds: machines.map(({ instanceId }) => instanceId) });
    await ended(id);
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await target.ssm.send(
        new ListCommandInvocationsCommand({ CommandId: id, MaxResults: 2, NextToken }),
      );
      seen.push(...(page.CommandInvocations ?? []).map(({ InstanceId }) => InstanceId ?? ""));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen.sort()).toEqual(machines.map(({ instanceId }) => instanceId).sort());
  });

  test("instances tell whether they are there", async () => {
    const agent = await machine("info");
    const { InstanceInformationList } = await target.ssm.send(
      new DescribeInstanceInformationCommand({ Filters: [{ Key: "tag:steward-node", Values: ["info"] }] }),
    );
    expect(InstanceInformationList).toHaveLength(1);
    expect(InstanceInformationList?.[0]).toMatchObject({
      InstanceId: agent.instanceId,
      PingStatus: "Online",
      ResourceType: "ManagedInstance",
    });
  });

  test("an agent that died with a command in hand gets it again; a result is counted once", async () => {
    const activation = await activate();
    const stateFile = join(stateDir, `${uniqueName("dying")}.json`);
    let calls = 0;
    const options = { endpoint: target.endpoint, activation, stateFile };
    const first = await startSsmAgent({
      ...options,
      // Never answers: as good as killed.
      onCommand: () => {
        calls += 1;
        return new Promise(() => undefined);
      },
    });
    const id = await send({ InstanceIds: [first.instanceId] });
    await eventually(() => (calls === 1 ? true : undefined));
    void first.stop();
    const second = await startSsmAgent({
      ...options,
      onCommand: async () => {
        calls += 1;
        return { status: "Success", output: `call ${calls}` };
      },
    });
    agents.push(second);
    expect(second.instanceId).toBe(first.instanceId);
    expect((await ended(id))?.Status).toBe("Success");
    expect((await invocation(id, second.instanceId)).StandardOutputContent).toBe("call 2");
  });
});

describe("refusals of Run Command", () => {
  test.runIf(ours)("unknown instances, documents and parameters, and values outside the pattern", async () => {
    const agent = await machine("refusals");
    const InstanceIds = [agent.instanceId];
    expect((await errorOf(send({ InstanceIds: ["mi-0123456789abcdef0"] }))).name).toBe("InvalidInstanceId");
    expect((await errorOf(send({ InstanceIds, DocumentName: "No-Such-Document" }))).name).toBe("InvalidDocument");
    const refused: Record<string, string[]>[] = [{ nonsense: ["x"], word: ["x"] }, {}, { word: ["UPPER"] }];
    for (const Parameters of refused)
      expect((await errorOf(send({ InstanceIds, Parameters }))).name).toBe("InvalidParameters");
    const twice = send({ InstanceIds: [agent.instanceId, agent.instanceId] });
    expect((await errorOf(twice)).name).toBe("DuplicateInstanceId");
    expect((await errorOf(send({}))).name).toBe("ValidationException");
  });

  test("an invocation that is not there is InvocationDoesNotExist", async () => {
    const error = await errorOf(invocation("00000000-0000-4000-8000-000000000000", "mi-0123456789abcdef0"));
    expect(error.name).toBe("InvocationDoesNotExist");
  });
});
