import { S3Client } from "@aws-sdk/client-s3";
import { observed } from "./observe.ts";
import { type ClientOptions, clientConfiguration } from "./options.ts";

/**
 * The client for objects. At an endpoint of one's own the bucket stands in the path (`forcePathStyle`): no name server
 * knows `bucket.localhost`. For an endpoint that is an IP address, also one from `AWS_ENDPOINT_URL`, the SDK does so itself.
 */
export function createS3(options: ClientOptions = {}): S3Client {
  return observed(
    new S3Client({
      ...clientConfiguration(options),
      ...(options.endpointUrl === undefined ? {} : { forcePathStyle: true }),
      // Presigned uploads carry the checksum that the uploader named; the SDK adds none of its own.
      requestChecksumCalculation: "WHEN_REQUIRED",
    }),
  );
}
