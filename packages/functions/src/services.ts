import type { DeadLetterQueues } from "@steward/aws/dead-letters";
import type { InstanceSecrets } from "@steward/aws/instance-secrets";
import type { LifecycleAction } from "@steward/aws/lifecycle";
import type { ObjectRemover } from "@steward/aws/object-remover";
import type { Mail } from "@steward/aws/mail";
import type { Objects } from "@steward/aws/objects";
import type { QueueLender } from "@steward/aws/queue-lender";
import type { Queues } from "@steward/aws/queues";
import type { RunSecrets } from "@steward/aws/run-secrets";
import type { Seals } from "@steward/aws/seals";
import type { SecretVersions } from "@steward/aws/secret-versions";
import type { ReadOptions } from "@steward/aws/secrets";
import type { Signer } from "@steward/aws/signing";
import type { Handed } from "@steward/aws/topics";
import type { WorkerQueues } from "@steward/aws/worker-queues";
import { bucketNames, resourceNames, type SigningKeyUse } from "@steward/contracts/names";
import { once } from "./once.ts";

/** Texts by name: parameters or secrets. */
export interface TextStore {
  get(name: string, options?: { cached?: boolean }): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
}

export interface SecretStore {
  get(name: string, options?: ReadOptions): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
}

/** Everything of AWS but the table. */
export interface Services {
  objects: Objects;
  objectRemover: ObjectRemover;
  queues: Queues;
  workerQueues: WorkerQueues;
  deadLetters: DeadLetterQueues;
  queueLender: QueueLender;
  parameters: TextStore & {
    /** Only where there is none; false where there is. */
    create(name: string, value: string): Promise<boolean>;
  };
  seals: Seals;
  secrets: SecretStore;
  secretVersions: SecretVersions;
  runSecrets: RunSecrets;
  signer: (use: SigningKeyUse) => Signer;
  ring: (nodeIds: string[], rolloutId: string) => ReturnType<typeof import("@steward/aws/run-command").ringBySsm>;
  /** How many machines SSM knows, counted no further than `enough`. */
  countManaged: (enough: number) => Promise<number>;
  activate: (nodeId: string, role: string) => Promise<{ id: string; code: string }>;
  deregister: (nodeId: string) => Promise<void>;
  instanceSecrets: InstanceSecrets;
  sendMail: (mail: Mail) => Promise<Handed>;
  publish: (message: Parameters<typeof import("@steward/aws/topics").publish>[0]) => Promise<Handed>;
  letInstanceGoOn: (action: LifecycleAction) => Promise<boolean>;
  /** The ids of the instances of a group. */
  instancesOf: (group: string) => Promise<ReadonlySet<string>>;
}

/**
 * Each service comes with its SDK client, which takes longer to load than a function takes to run: it is loaded at its
 * first call, so that a start pays only for what the function uses.
 */
export function createServices({ stage, account }: { stage: string; account: string }): Services {
  const names = resourceNames(stage);
  const ssm = once(async () => (await import("@steward/aws/clients/ssm")).createSsm());
  const ssmOnce = once(async () => (await import("@steward/aws/clients/ssm")).createSsm({ maxAttempts: 1 }));
  const kms = once(async () => (await import("@steward/aws/clients/kms")).createKms());
  const secrets = once(async () => (await import("@steward/aws/clients/secrets")).createSecrets());
  const ses = once(async () => (await import("@steward/aws/clients/ses")).createSes());
  const parameterCalls = once(() => import("@steward/aws/parameters"));
  const secretCalls = once(() => import("@steward/aws/secrets"));
  const objects = once(async () => {
    const [{ createObjects }, { createS3 }] = await Promise.all([
      import("@steward/aws/objects"),
      import("@steward/aws/clients/s3"),
    ]);
    return createObjects(createS3());
  });
  const objectRemover = once(async () => {
    const [{ createObjectRemover }, { createS3 }] = await Promise.all([
      import("@steward/aws/object-remover"),
      import("@steward/aws/clients/s3"),
    ]);
    return createObjectRemover(createS3());
  });
  const seals = once(async () => {
    const [{ createSeals }, { createS3 }] = await Promise.all([
      import("@steward/aws/seals"),
      import("@steward/aws/clients/s3"),
    ]);
    return createSeals(createS3(), bucketNames(stage, account).audit);
  });
  const autoScaling = once(async () => (await import("@steward/aws/clients/auto-scaling")).createAutoScaling());
  const lifecycle = once(() => import("@steward/aws/lifecycle"));
  const instanceSecrets = once(async () => {
    const { createInstanceSecrets } = await import("@steward/aws/instance-secrets");
    return createInstanceSecrets(await secrets());
  });
  const secretVersions = once(async () => {
    const { createSecretVersions } = await import("@steward/aws/secret-versions");
    return createSecretVersions(await secrets());
  });
  const runSecrets = once(async () => {
    const { createRunSecrets } = await import("@steward/aws/run-secrets");
    return createRunSecrets(await secrets());
  });
  const sqs = once(async () => (await import("@steward/aws/clients/sqs")).createSqs());
  const queues = once(async () => {
    const [{ createQueues }, client] = await Promise.all([import("@steward/aws/queues"), sqs()]);
    return createQueues({ sqs: client, stage });
  });
  const workerQueues = once(async () => {
    const [{ createWorkerQueues }, client] = await Promise.all([import("@steward/aws/worker-queues"), sqs()]);
    return createWorkerQueues({ sqs: client, stage });
  });
  const deadLetters = once(async () => {
    const [{ createDeadLetterQueues }, client] = await Promise.all([import("@steward/aws/dead-letters"), sqs()]);
    return createDeadLetterQueues({ sqs: client, stage });
  });
  const queueLender = once(async () => {
    const [{ createQueueLender }, { createSts }] = await Promise.all([
      import("@steward/aws/queue-lender"),
      import("@steward/aws/clients/sts"),
    ]);
    return createQueueLender({ sts: createSts(), stage });
  });

  return {
    objects: {
      put: async (...call) => (await objects()).put(...call),
      get: async (...call) => (await objects()).get(...call),
      getUnless: async (...call) => (await objects()).getUnless(...call),
      head: async (...call) => (await objects()).head(...call),
      exists: async (...call) => (await objects()).exists(...call),
      presignedGet: async (...call) => (await objects()).presignedGet(...call),
      presignedPut: async (...call) => (await objects()).presignedPut(...call),
    },
    queues: {
      send: async (...call) => (await queues()).send(...call),
      sendBatch: async (...call) => (await queues()).sendBatch(...call),
      counts: async (...call) => (await queues()).counts(...call),
    },
    workerQueues: {
      list: async (...call) => (await workerQueues()).list(...call),
      create: async (...call) => (await workerQueues()).create(...call),
      remove: async (...call) => (await workerQueues()).remove(...call),
    },
    deadLetters: {
      receive: async (...call) => (await deadLetters()).receive(...call),
      showAgain: async (...call) => (await deadLetters()).showAgain(...call),
      remove: async (...call) => (await deadLetters()).remove(...call),
      count: async (...call) => (await deadLetters()).count(...call),
    },
    queueLender: { lend: async (...call) => (await queueLender()).lend(...call) },
    parameters: {
      get: async (name, options) => (await parameterCalls()).getParameter(await ssm(), name, options),
      put: async (name, value) => (await parameterCalls()).putParameter(await ssm(), name, value),
      create: async (name, value) => (await parameterCalls()).createParameter(await ssm(), name, value),
    },
    secrets: {
      get: async (name, options) => (await secretCalls()).getSecret(await secrets(), name, options),
      put: async (name, value) => (await secretCalls()).putSecret(await secrets(), name, value),
    },
    seals: {
      put: async (...call) => (await seals()).put(...call),
      get: async (...call) => (await seals()).get(...call),
      has: async (...call) => (await seals()).has(...call),
      list: async (...call) => (await seals()).list(...call),
      getVersion: async (...call) => (await seals()).getVersion(...call),
    },
    secretVersions: {
      list: async (...call) => (await secretVersions()).list(...call),
      rotation: async (...call) => (await secretVersions()).rotation(...call),
      read: async (...call) => (await secretVersions()).read(...call),
      write: async (...call) => (await secretVersions()).write(...call),
      makeCurrent: async (...call) => (await secretVersions()).makeCurrent(...call),
      rotate: async (...call) => (await secretVersions()).rotate(...call),
    },
    runSecrets: {
      create: async (...call) => (await runSecrets()).create(...call),
      put: async (...call) => (await runSecrets()).put(...call),
      read: async (...call) => (await runSecrets()).read(...call),
      remove: async (...call) => (await runSecrets()).remove(...call),
    },
    objectRemover: {
      removeBelow: async (...call) => (await objectRemover()).removeBelow(...call),
      removeOld: async (...call) => (await objectRemover()).removeOld(...call),
    },
    signer: (use) => {
      const signer = once(async () => {
        const { createSigner } = await import("@steward/aws/kms-signer");
        return createSigner({ kms: await kms(), keyAlias: names.keyAlias(use) });
      });
      return { key: async () => (await signer()).key() };
    },
    ring: async (nodeIds, rolloutId) => {
      const { ringBySsm } = await import("@steward/aws/run-command");
      return ringBySsm({ ssm: await ssmOnce(), document: names.wakeDocument, nodeIds, rolloutId });
    },
    activate: async (nodeId, role) => {
      const { createActivation } = await import("@steward/aws/run-command");
      return createActivation(await ssm(), { stage, nodeId, role });
    },
    countManaged: async (enough) => {
      const { countManaged } = await import("@steward/aws/run-command");
      return countManaged(await ssm(), enough);
    },
    deregister: async (nodeId) => {
      const { deregister } = await import("@steward/aws/run-command");
      return deregister(await ssm(), nodeId);
    },
    instanceSecrets: {
      known: async (...call) => (await instanceSecrets()).known(...call),
      create: async (...call) => (await instanceSecrets()).create(...call),
      remove: async (...call) => (await instanceSecrets()).remove(...call),
    },
    sendMail: async (mail) => (await import("@steward/aws/mail")).sendMail(await ses(), mail),
    publish: async (message) => (await import("@steward/aws/topics")).publish(message),
    letInstanceGoOn: async (action) => (await lifecycle()).letInstanceGoOn(await autoScaling(), action),
    instancesOf: async (group) => (await lifecycle()).instancesOf(await autoScaling(), group),
  };
}
