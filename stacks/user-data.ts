import { resourceNames } from "@steward/contracts/names";
import { terminateHook } from "@steward/contracts/worker-group";
import type { StageSettings } from "../infra/stage-settings.ts";
import { pins } from "./pins.ts";

export interface HostValues {
  stage: string;
  region: string;
  /** Where machines enrol: `https://api.steward.example`. */
  apiUrl: string;
  models: StageSettings["workers"]["models"];
  /** Where the host's files lie, as one zip. */
  files: { bucket: string; key: string };
}

/** Jobs that one GPU of 16 to 24 GB has room for with an 8B model and its contexts: Ollama and the worker must agree. */
const parallel = 4;
/** A minute less than the group waits: giving back and the last word have their time. */
const drainSeconds = terminateHook.timeoutSeconds - 60;

/** The configuration of each program of a host, by its file below `/etc/steward`. */
export function hostEnvironment({ stage, region, apiUrl, models }: Omit<HostValues, "files">) {
  const names = resourceNames(stage);
  return {
    "host.env": {
      AWS_REGION: region,
      STEWARD_API_URL: apiUrl,
      STEWARD_SECRET_PREFIX: names.instanceSecret(""),
      // Smallest first, as the lanes are: with one of them the worker begins.
      STEWARD_MODELS: [...new Set([models.express, models.standard, models.bulk])].join(" "),
      STEWARD_GROUP: names.workerGroup,
      STEWARD_DRAIN_HOOK: terminateHook.name,
      STEWARD_DRAIN_SECONDS: String(drainSeconds),
      NODE_URL: pins.node.url,
      NODE_SHA256: pins.node.sha256,
      OLLAMA_URL: pins.ollama.url,
      OLLAMA_SHA256: pins.ollama.sha256,
      ANSIBLE_PACKAGE: `${pins.ansible.package}=${pins.ansible.version}`,
    },
    "worker.env": {
      AWS_REGION: region,
      // By the instance's role.
      STEWARD_QUEUE_ACCESS: "machine",
      STEWARD_STAGE: stage,
      STEWARD_STATE_DIR: "/var/lib/steward-worker",
      STEWARD_WORKER_MODELS: Object.entries(models)
        .map(([lane, model]) => `${lane}=${model}`)
        .join(","),
      STEWARD_DRAIN_SECONDS: String(drainSeconds),
      OLLAMA_HOST: "http://127.0.0.1:11434",
      OLLAMA_NUM_PARALLEL: String(parallel),
    },
    "agent.env": {
      STEWARD_STATE_DIR: "/var/lib/steward-agent",
      STEWARD_EXECUTOR: "ansible",
      STEWARD_ANSIBLE_PLAYBOOK: "/usr/bin/ansible-playbook",
    },
    "ollama.env": {
      OLLAMA_HOST: "127.0.0.1:11434",
      OLLAMA_NUM_PARALLEL: String(parallel),
      // A model stays loaded: the small one and the large one both fit.
      OLLAMA_KEEP_ALIVE: "-1",
    },
  } as const satisfies Record<string, Record<string, string>>;
}

/**
 * What an instance runs at its first start: it writes down its configuration, fetches the host's files and hands over to
 * `setup.sh` among them. No secret is in it: the instance reads its own by its own role.
 */
export function hostUserData(values: HostValues): string {
  const files = Object.entries(hostEnvironment(values)).map(
    ([name, variables]) => `cat >/etc/steward/${name} <<'END'\n${environmentFile(variables)}END\n`,
  );
  const { bucket, key } = values.files;
  return `#!/bin/bash
set -euo pipefail
umask 077
trap 'echo "steward: user data failed in line $LINENO"; systemctl poweroff' ERR
mkdir -p /etc/steward /opt/steward
chmod 755 /opt/steward
${files.join("")}for left in 9 8 7 6 5 4 3 2 1 0; do
  aws s3 cp --no-progress --region ${values.region} s3://${bucket}/${key} /opt/steward/host.zip && break
  ((left > 0))
  sleep 5
done
python3 -m zipfile -e /opt/steward/host.zip /opt/steward/host
bash /opt/steward/host/setup.sh
`;
}

/** Lines that bash and systemd read alike. */
function environmentFile(variables: Record<string, string>): string {
  return Object.entries(variables)
    .map(([name, value]) => {
      if (!/^[\w.:/,=@*+ -]*$/.test(value))
        throw new RangeError(`${name} has characters that a shell would read: ${value}`);
      return `${name}="${value}"\n`;
    })
    .join("");
}
