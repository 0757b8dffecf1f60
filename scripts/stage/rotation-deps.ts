import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createClients } from "@steward/aws/clients";
import { createKeyAdmin } from "@steward/aws/kms-keys";
import { createSigner } from "@steward/aws/kms-signer";
import { createObjects } from "@steward/aws/objects";
import { createParameter, getParameter, putParameter } from "@steward/aws/parameters";
import { createVersionedObjects } from "@steward/aws/versioned-objects";
import { AppError } from "@steward/contracts/errors";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { readRelease } from "@steward/control/read-release";
import type { RotationDeps } from "@steward/control/rotate-keys";
import { type BootstrapEvent, bootstrapAnswers } from "@steward/functions/bootstrap-event";
import { localAccount } from "@steward/local/account";
import { readCredentials } from "@steward/local/host/function-environment";
import { createInvokeChannel, doorTruststoreOf, findInstallation } from "@steward/local/invoke-channel";
import type { StageChannel } from "@steward/local/stage-setup";
import { gatewayTruststore } from "./gateway-truststore.ts";
import { findCaller } from "./find-caller.ts";
import { findStage } from "./find-stage.ts";
import { createLambdaChannel } from "./lambda-channel.ts";
import { type Passphrase, rootKeyFile } from "./root-key-file.ts";

interface Place {
  stage: string;
  account: string;
  holder: string;
  clients: ReturnType<typeof createClients>;
  channel: StageChannel;
  doorTruststore: RotationDeps["doorTruststore"];
  /** Where the root key is unless somebody says where. */
  rootKey: string | undefined;
}

/** With the credentials of whoever runs it: of a stage on AWS, or of the installation that runs on this machine. */
export async function rotationDeps(options: {
  stage: string | undefined;
  stateDir: string;
  rootKey: string | undefined;
  passphrase: Passphrase;
}): Promise<RotationDeps> {
  const place = options.stage === undefined ? localPlace(options.stateDir) : await stagePlace(options.stage);
  const { stage, account, holder, clients, channel, doorTruststore } = place;
  const names = resourceNames(stage);
  const buckets = bucketNames(stage, account);
  const objects = createObjects(clients.s3);
  const parameters: RotationDeps["parameters"] = {
    get: (name) => getParameter(clients.ssm, name),
    put: (name, value) => putParameter(clients.ssm, name, value),
    create: (name, value) => createParameter(clients.ssm, name, value),
  };
  const file = options.rootKey ?? place.rootKey;
  return {
    stage,
    holder,
    nowMs: () => Date.now(),
    keys: createKeyAdmin(clients.kms),
    parameters,
    objects: createVersionedObjects(clients.s3),
    truststoreBucket: buckets.truststore,
    signerOf: (kmsKeyId) => createSigner({ kms: clients.kms, keyAlias: kmsKeyId }),
    root: () => {
      const root = file === undefined ? undefined : rootKeyFile(file, options.passphrase).open();
      if (root !== undefined) return root;
      throw new AppError("invalid_request", `there is no root key in ${file ?? "no file that was named"}`, {
        next: "Say where it is with --root-key: the trust document must be signed anew.",
      });
    },
    publish: async (root) => {
      const event: BootstrapEvent = { step: "publish", ...(root === undefined ? {} : { root }) };
      await channel.invoke("bootstrap", event, bootstrapAnswers.publish);
    },
    doorTruststore,
    releaseSignedBy: async () => {
      const key = await parameters.get(names.parameter("release"));
      const stored = key === undefined ? undefined : await objects.get(buckets.bundles, key);
      return stored === undefined ? undefined : readRelease(Buffer.from(stored).toString("utf8")).document.keyId;
    },
    pause: async (ms) => {
      await pause(ms);
    },
    onWait: (who) =>
      process.stderr.write(`steward: ${who} rotates keys, or was stopped while doing so: waiting for it\n`),
  };
}

function localPlace(stateDir: string): Place {
  const door = findInstallation(stateDir);
  return {
    stage: door.stage,
    account: localAccount,
    holder: "another steward keys on this machine",
    clients: createClients({
      endpointUrl: door.cloudUrl,
      region: "eu-central-1",
      credentials: readCredentials(join(stateDir, "credentials.json"))("owner"),
    }),
    channel: createInvokeChannel(stateDir),
    doorTruststore: () => doorTruststoreOf(stateDir),
    rootKey: join(stateDir, "root-key.pem"),
  };
}

async function stagePlace(wanted: string): Promise<Place> {
  const { name, account, region, nodesDomain } = await findStage(wanted);
  const caller = await findCaller({ region });
  return {
    stage: name,
    account,
    holder: "unknown" in caller ? "somebody" : caller.arn,
    clients: createClients({ region }),
    channel: createLambdaChannel({ stage: name, region }),
    doorTruststore: async () => (nodesDomain === undefined ? "none" : gatewayTruststore(nodesDomain, { region })),
    rootKey: undefined,
  };
}
