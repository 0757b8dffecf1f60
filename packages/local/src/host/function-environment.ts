import { readFileSync } from "node:fs";
import { type FunctionName, functionDefinitions } from "@steward/functions/definitions";
import { z } from "zod";
import { localAccount } from "../account.ts";
import type { LocalPrincipal } from "../credentials.ts";
import { localDomains } from "./door.ts";
import type { HostEnvironment } from "./env.ts";

export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
}

const credentialsSchema = z.array(
  z.object({ principal: z.string(), accessKeyId: z.string(), secretAccessKey: z.string() }),
);

/** The keys of every principal of this installation. */
export function readCredentials<Outsider extends string = never>(
  file: string,
): (principal: LocalPrincipal | Outsider) => Keys {
  const credentials = credentialsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  return (principal) => {
    const found = credentials.find((one) => one.principal === principal);
    if (found === undefined) throw new Error(`${file} has no keys for ${principal}. Remove it and start again.`);
    return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
  };
}

/** Here everybody has one address, and often one person is all that there is. */
const localRates = "principal=200/1000,tenant=500/2000,source=200/2000";

/** All that a function's thread has for an environment: its own keys, and nothing of the host's. */
export function functionEnvironment(
  name: FunctionName,
  options: {
    host: HostEnvironment;
    keysOf: (principal: LocalPrincipal) => Keys;
    apiUrl: string;
    nodesUrl: string;
  },
): Record<string, string> {
  const { host } = options;
  const keys = options.keysOf(functionDefinitions[name].principal);
  return {
    AWS_ENDPOINT_URL: host.AWS_ENDPOINT_URL,
    AWS_REGION: host.AWS_REGION,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    STEWARD_STAGE: host.STEWARD_STAGE,
    STEWARD_ACCOUNT: localAccount,
    STEWARD_API_DOMAINS: localDomains.api,
    STEWARD_NODES_DOMAINS: localDomains.nodes,
    STEWARD_API_URL: options.apiUrl,
    STEWARD_NODES_URL: options.nodesUrl,
    STEWARD_MAIL_FROM: "steward@localhost.example",
    STEWARD_CHECK_ANSWERS: "true",
    STEWARD_RATE_LIMITS: localRates,
    ...host.STEWARD_FUNCTION_ENV,
  };
}
