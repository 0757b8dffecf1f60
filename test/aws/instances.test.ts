import "reflect-metadata";
import { generateKeyPairSync, randomUUID, sign, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DescribeSecretCommand, GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { type Clients, createClients } from "@steward/aws/clients";
import { createAutoScaling } from "@steward/aws/clients/auto-scaling";
import { createInstanceSecrets, type InstanceSecrets } from "@steward/aws/instance-secrets";
import { instancesOf, letInstanceGoOn } from "@steward/aws/lifecycle";
import { putParameter } from "@steward/aws/parameters";
import { getPresence } from "@steward/aws/records/presence";
import { createTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { instanceOf, instanceTag, launchHook } from "@steward/contracts/worker-group";
import { acceptHeartbeat } from "@steward/control/accept-heartbeat";
import { authenticateNode } from "@steward/control/authenticate-node";
import { claimJob } from "@steward/control/claim-job";
import { enrolNode } from "@steward/control/enrol-node";
import { inviteInstance } from "@steward/control/invite-instance";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import { allNodes } from "@steward/control/load-targets";
import { retireInstance, retireLostInstances } from "@steward/control/retire-instance";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { newPrivateKey, requestFor } from "@steward/node-client/key-pair";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";

const stage = "instances";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-instances-"));
/** The function with exactly its rights, and the test, which may look at everything. */
const credential = (principal: string, grants = [{ actions: ["*"], resources: ["*"] }]) => ({
  accessKeyId: `LOCAL${principal.toUpperCase()}`,
  secretAccessKey: `${principal}-secret-0123456789`,
  principal,
  grants,
});
const own = credential("instances", permissions(stage, localAccount).instances);
const everything = credential("observer");

let cloud: Cloud;
let mine: Clients;
let observer: Clients;
let instanceId = "";
let instances = 0;
/** How often the instance was let go on, and whether it is still held. */
let letGo = 0;
let logged: string[] = [];

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [own, everything] });
  const client = (credentials: typeof own) =>
    createClients({ region: "us-east-1", credentials, endpointUrl: cloud.endpoint });
  mine = client(own);
  observer = client(everything);
  await commit({ client: observer.dynamo, name: names.table }, [
    createTenant({
      v: 1,
      version: 1,
      tenantId: providerTenantId,
      name: "provider",
      createdAtMs: 1,
      heartbeatIntervalSeconds: 60,
      status: "active",
    }),
  ]);
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => {
  instances += 1;
  instanceId = `i-0${String(instances).padStart(16, "0")}`;
  letGo = 0;
  logged = [];
});

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const key = {
  keyId: sha256Hex(spki),
  publicKey: spki,
  sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
};
const signer = { key: async () => key };

function deps() {
  const secrets: InstanceSecrets = createInstanceSecrets(mine.secrets);
  return {
    stage,
    table: { client: mine.dynamo, name: names.table },
    nowMs: () => Date.now(),
    secret: () => randomUUID(),
    log: (...line: unknown[]) => void logged.push(JSON.stringify(line)),
    instanceSecrets: secrets,
    rootFingerprint: async () => "f".repeat(64),
    letGoOn: async () => {
      letGo += 1;
      return letGo === 1;
    },
  };
}
const arn = () => `arn:aws:ec2:us-east-1:${localAccount}:instance/${instanceId}`;
const launched = (with_: Partial<ReturnType<typeof deps>> = {}, launchedAtMs = Date.now()) =>
  inviteInstance({ ...deps(), ...with_ }, { instanceId, arn: arn(), launchedAtMs });
const ended = () => retireInstance(deps(), { instanceId });

async function tokens(): Promise<{ worker: string; appliance: string }> {
  const { SecretString } = await observer.secrets.send(
    new GetSecretValueCommand({ SecretId: names.instanceSecret(instanceId) }),
  );
  return JSON.parse(SecretString ?? "") as { worker: string; appliance: string };
}

/** What the machine does with what it finds. */
async function enrolBoth() {
  const found = await tokens();
  const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs: Date.now(), days: 3650 });
  const enrol = async (token: string) =>
    enrolNode(
      {
        table: { client: observer.dynamo, name: names.table },
        nowMs: () => Date.now(),
        log: () => {},
        meter: () => {},
        signer,
        caCertificate: async () => caPem,
        rootPublicKey: async () => "AAAA",
        nodesUrl: "https://nodes.example",
        ssmNodes: 1_000,
        countManaged: async () => 0,
        activate: () => Promise.reject(new Error("nothing is rung by SSM here")),
      },
      { token, csr: await requestFor(newPrivateKey()), hostname: instanceId },
    );
  return { worker: await enrol(found.worker), appliance: await enrol(found.appliance) };
}
const nodesOfInstance = async () =>
  (await allNodes({ table: { client: observer.dynamo, name: names.table } }, providerTenantId)).filter((node) =>
    node.tags.includes(`instance:${instanceId}`),
  );

it("a new instance finds two tokens that it alone may read, and is let go on", async () => {
  expect(await launched()).toBe("invited");
  expect(letGo).toBe(1);
  const { Tags } = await observer.secrets.send(
    new DescribeSecretCommand({ SecretId: names.instanceSecret(instanceId) }),
  );
  expect(Tags).toEqual([{ Key: instanceTag, Value: arn() }]);
  const found = await tokens();
  expect(found.worker).toMatch(/\.f{64}$/);
  for (const token of Object.values(found)) expect(logged.join()).not.toContain(token.split(".")[0]);
  // Not even the function that wrote them can read them.
  await expect(
    mine.secrets.send(new GetSecretValueCommand({ SecretId: names.instanceSecret(instanceId) })),
  ).rejects.toMatchObject({ name: "AccessDeniedException" });

  const { worker, appliance } = await enrolBoth();
  const suffix = instanceId.slice(2);
  expect(worker).toMatchObject({ kind: "worker", name: `gpu-${suffix}`, tenantId: providerTenantId });
  expect(appliance).toMatchObject({ kind: "appliance", name: `gpu-${suffix}-host`, tenantId: providerTenantId });
});

it("its worker may take jobs at once; on its appliance nothing runs before a person has confirmed it", async () => {
  await launched();
  const { worker } = await enrolBoth();
  // Past the gate that looks at the worker itself: refused only because there is no such job.
  const caller = { ...worker, fingerprint: "", requestId: "r" };
  const claim = { tenantId: providerTenantId, secret: "s", claimId: "c" };
  const claiming = {
    table: { client: observer.dynamo, name: names.table },
    actions: [],
    nowMs: () => Date.now(),
    log: () => undefined,
  };
  await expect(claimJob(claiming, caller, { jobId: newId("job", 1) }, claim)).rejects.toMatchObject({
    code: "stale_attempt",
  });
  for (const node of await nodesOfInstance()) expect(node.confirmedAtMs).toBeUndefined();
});

it("events that come twice, one after the other or at once, end with the same two nodes", async () => {
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => launched()));
  expect(outcomes.filter((one) => one === "invited")).toHaveLength(1);
  const before = await tokens();
  // Once the first is through, the next ones do not even make invitations that nobody will find.
  const nothing = () => {
    throw new Error("nothing is to be made");
  };
  expect(await launched({ secret: nothing })).toBe("known");
  expect(await tokens()).toEqual(before);
  const first = await enrolBoth();
  expect(await launched()).toBe("known");
  expect((await nodesOfInstance()).map((node) => node.nodeId).toSorted()).toEqual(
    [first.worker.nodeId, first.appliance.nodeId].toSorted(),
  );
});

it("a kill between any two steps is made good by the same event again", async () => {
  const killed = () => Promise.reject(new Error("killed"));
  const secrets = createInstanceSecrets(mine.secrets);
  // Before the secret.
  await expect(launched({ instanceSecrets: { ...secrets, create: killed } })).rejects.toThrow("killed");
  // After the secret, as a lost reply leaves it.
  const create: InstanceSecrets["create"] = async (...call) => {
    await secrets.create(...call);
    return killed();
  };
  await expect(launched({ instanceSecrets: { ...secrets, create } })).rejects.toThrow("killed");
  expect(letGo).toBe(0);
  expect(await launched()).toBe("known");
  expect(letGo).toBe(1);
  await enrolBoth();
  expect(await nodesOfInstance()).toHaveLength(2);
});

it("an instance that has ended leaves no node, no certificate and no readable secret; told twice, nothing more", async () => {
  await launched();
  const { worker, appliance } = await enrolBoth();
  const table = { client: observer.dynamo, name: names.table };
  const fingerprintOf = (pem: string) => sha256Hex(new Uint8Array(new X509Certificate(pem).raw));
  const identity = {
    tenantId: providerTenantId,
    nodeId: worker.nodeId,
    fingerprint: fingerprintOf(worker.certificate),
  };
  expect(await authenticateNode({ table }, identity)).toMatchObject({ kind: "worker" });

  expect(await ended()).toBe(2);
  expect(await nodesOfInstance()).toEqual([]);
  await expect(authenticateNode({ table }, identity)).rejects.toMatchObject({ code: "certificate_refused" });
  await expect(
    authenticateNode(
      { table },
      { nodeId: appliance.nodeId, tenantId: providerTenantId, fingerprint: fingerprintOf(appliance.certificate) },
    ),
  ).rejects.toMatchObject({ code: "certificate_refused" });
  await expect(tokens()).rejects.toMatchObject({ name: "InvalidRequestException" });
  expect(await ended()).toBe(0);
});

it("a straggling launch event of an ended instance makes nothing new, however late it is", async () => {
  await launched();
  await ended();
  expect(await launched()).toBe("known");
  await expect(tokens()).rejects.toMatchObject({ name: "InvalidRequestException" });
  // One whose instance was given up before anybody heard of it leaves nothing behind either.
  instanceId = `${instanceId.slice(0, -1)}f`;
  expect(await launched({}, Date.now() - (launchHook.timeoutSeconds + 1) * 1000)).toBe("late");
  await expect(tokens()).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  expect(await ended()).toBe(0);
});

it("an instance whose end nobody told of is retired with the next event, but none that still beats", async () => {
  // The other tests' instances are still there as far as this one is concerned.
  const table = { client: observer.dynamo, name: names.table };
  const others = (await allNodes({ table }, providerTenantId)).flatMap(({ tags }) => instanceOf(tags) ?? []);
  const [lost, told] = [instanceId, `${instanceId.slice(0, -1)}e`];
  for (const id of [told, lost]) {
    instanceId = id;
    await launched();
    await enrolBoth();
  }
  const instances = new Set([...others, lost, told]);
  const retire = () => retireLostInstances({ ...deps(), instances: async () => instances });
  expect(await retire()).toBe(0);
  // A group that answers with too little does not silence a machine that beats.
  instances.delete(lost);
  const [node] = await nodesOfInstance();
  const presence = await getPresence(table, node?.nodeId ?? "");
  const heartbeat = {
    sequence: 1,
    intervalSeconds: 60,
    metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 0, uptimeSeconds: 1 },
    agentVersion: "0.1.0",
    configRevision: 0,
    conditions: [],
  };
  const fingerprint = presence?.certificate.current ?? "";
  const sendNodeEvent = async () => {};
  await acceptHeartbeat(
    { table, nowMs: () => Date.now(), log: () => {}, sendNodeEvent },
    { nodeId: node?.nodeId ?? "", fingerprint, heartbeat },
  );
  expect(await retire()).toBe(0);
  // Two minutes of silence later it is.
  const later = { ...deps(), nowMs: () => Date.now() + 121_000 };
  expect(await retireLostInstances({ ...later, instances: async () => instances })).toBe(1);
  expect(await nodesOfInstance()).toEqual([]);
  instanceId = told;
  expect(await nodesOfInstance()).toHaveLength(2);
});

/** Auto Scaling as far as it is needed: it takes what it is sent and answers what the test says. */
async function startAutoScaling() {
  const asked: URLSearchParams[] = [];
  const said = { status: 200, body: "" };
  let instances: string[] | undefined = [];
  const member = (text: string) => `<member>${text}</member>`;
  /** What it says when nothing is wrong. */
  const answerTo = (action: string | null) => {
    if (action !== "DescribeAutoScalingGroups") return "<CompleteLifecycleActionResponse/>";
    const listed = instances?.map((id) => member(`<InstanceId>${id}</InstanceId>`)).join("");
    const group = listed === undefined ? "" : member(`<Instances>${listed}</Instances>`);
    return `<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>${group}</AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`;
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => {
      body += part.toString();
    });
    request.on("end", () => {
      const call = new URLSearchParams(body);
      asked.push(call);
      response.writeHead(said.status, { "content-type": "text/xml" });
      response.end(said.status === 200 ? answerTo(call.get("Action")) : said.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Undefined: there is no group. */
    setInstances(ids: string[] | undefined) {
      instances = ids;
    },
    fail(status: number, code: string, message: string) {
      said.status = status;
      said.body = `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

it("asks the Auto Scaling service in its own protocol, and tells 'not held' from a fault", async () => {
  const service = await startAutoScaling();
  const client = createAutoScaling({
    region: "us-east-1",
    credentials: own,
    endpointUrl: service.url,
    maxAttempts: 1,
  });
  const action = { group: names.workerGroup, hook: launchHook.name, token: randomUUID(), instanceId };
  try {
    expect(await letInstanceGoOn(client, action)).toBe(true);
    expect(Object.fromEntries(service.asked[0] ?? [])).toMatchObject({
      Action: "CompleteLifecycleAction",
      AutoScalingGroupName: `steward-${stage}-workers`,
      LifecycleHookName: "invite",
      LifecycleActionToken: action.token,
      InstanceId: instanceId,
      LifecycleActionResult: "CONTINUE",
    });
    service.setInstances([instanceId, "i-0fffffffffffffff0"]);
    expect(await instancesOf(client, names.workerGroup)).toEqual(new Set([instanceId, "i-0fffffffffffffff0"]));
    expect(service.asked[1]?.get("AutoScalingGroupNames.member.1")).toBe(names.workerGroup);
    service.setInstances(undefined);
    await expect(instancesOf(client, names.workerGroup)).rejects.toMatchObject({ code: "internal" });
    service.fail(400, "ValidationError", `No active Lifecycle Action found with token ${action.token}`);
    expect(await letInstanceGoOn(client, action)).toBe(false);
    service.fail(400, "ValidationError", "AutoScalingGroup name not found");
    await expect(letInstanceGoOn(client, action)).rejects.toMatchObject({ code: "internal" });
    service.fail(503, "ServiceUnavailable", "later");
    await expect(letInstanceGoOn(client, action)).rejects.toMatchObject({ code: "unavailable", retryable: true });
  } finally {
    service.close();
  }
});

it("the function does it all from EventBridge's own events, with its own rights, and refuses another group's", async () => {
  const service = await startAutoScaling();
  await putParameter(observer.ssm, names.parameter("root-public-key"), Buffer.from("root").toString("base64"));
  const environment = {
    STEWARD_STAGE: stage,
    STEWARD_ACCOUNT: localAccount,
    STEWARD_API_DOMAINS: "api.example",
    STEWARD_NODES_DOMAINS: "nodes.example",
    STEWARD_API_URL: "https://api.example",
    STEWARD_NODES_URL: "https://nodes.example",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: own.accessKeyId,
    AWS_SECRET_ACCESS_KEY: own.secretAccessKey,
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_ENDPOINT_URL_AUTO_SCALING: service.url,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  try {
    const { handler } = await import("@steward/functions/manage-instances");
    const group = `arn:aws:autoscaling:us-east-1:${localAccount}:autoScalingGroup:1f:autoScalingGroupName/${names.workerGroup}`;
    const event = (type: string, detail: object) => ({
      version: "0",
      id: randomUUID(),
      "detail-type": type,
      source: "aws.autoscaling",
      account: localAccount,
      time: new Date().toISOString().replace(/\.\d+/, ""),
      region: "us-east-1",
      resources: [group],
      detail: { AutoScalingGroupName: names.workerGroup, EC2InstanceId: instanceId, ...detail },
    });
    const launch = event("EC2 Instance-launch Lifecycle Action", {
      LifecycleActionToken: randomUUID(),
      LifecycleHookName: launchHook.name,
      LifecycleTransition: "autoscaling:EC2_INSTANCE_LAUNCHING",
    });
    service.setInstances([instanceId]);
    await handler(launch);
    expect(service.asked[0]?.get("InstanceId")).toBe(instanceId);
    expect((await tokens()).worker).toMatch(new RegExp(`\\.${sha256Hex(Buffer.from("root"))}$`));
    await enrolBoth();
    await handler(event("EC2 Instance Terminate Successful", { Cause: "scale-in" }));
    expect(await nodesOfInstance()).toEqual([]);

    const foreign = { ...launch, detail: { ...launch.detail, AutoScalingGroupName: "web" } };
    await expect(handler(foreign)).rejects.toThrow("web is not this stage's worker group");
    await expect(handler(event("EC2 Instance Launch Successful", {}))).rejects.toThrow("detail-type");
  } finally {
    vi.unstubAllEnvs();
    service.close();
  }
});
