import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";

/** What all clients are made of. Whatever is absent, the SDK finds in its usual places (also `AWS_ENDPOINT_URL`). */
export interface ClientOptions {
  region?: string;
  credentials?: NonNullable<DynamoDBClientConfig["credentials"]>;
  /** One address for all services: the local cloud. */
  endpointUrl?: string;
  /** Tries of one call, the first included. The SDK's default is three. */
  maxAttempts?: number;
}

/**
 * Connections are kept alive (the SDK's default); a connection that hangs is given up before the caller's own 30 s
 * (the HTTP API's limit) are over.
 */
export function clientConfiguration({ endpointUrl, ...options }: ClientOptions) {
  return {
    ...options,
    ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 8_000, throwOnRequestTimeout: true },
  };
}
