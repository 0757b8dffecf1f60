import type { InfraOptions, Registered } from "./run-infra.ts";

export const mockRegion = "eu-central-1";
/** The one secret value that a deploy makes: SST's key for linked resources. It must turn up nowhere. */
export const mockSecret = "bW9jay1zZWNyZXQtb2Ytc3N0";

/** What AWS would have added to a resource: names and ARNs of the right shape, as far as somebody reads them. */
export function stateOf({ type, name, inputs }: Registered, account = "123456789012"): Record<string, unknown> {
  const regional = (service: string, rest: string) => `arn:aws:${service}:${mockRegion}:${account}:${rest}`;
  switch (type) {
    case "aws:apigatewayv2/api:Api":
      return {
        apiEndpoint: `https://a1b2c3d4e5.execute-api.${mockRegion}.amazonaws.com`,
        executionArn: regional("execute-api", "a1b2c3d4e5"),
      };
    case "random:index/randomBytes:RandomBytes":
      return { base64: mockSecret, hex: mockSecret };
    case "aws:apigatewayv2/domainName:DomainName": {
      const configuration = inputs["domainNameConfiguration"] as Record<string, unknown>;
      return {
        domainNameConfiguration: {
          ...configuration,
          targetDomainName: `d-${name.toLowerCase()}.execute-api.${mockRegion}.amazonaws.com`,
          hostedZoneId: "Z1U9ULNL0V5AJ3",
        },
      };
    }
    case "aws:cloudfront/distribution:Distribution":
      return { domainName: "d111111abcdef8.cloudfront.net", hostedZoneId: "Z2FDTNDATAQYW2" };
    case "aws:dynamodb/table:Table":
      return { arn: regional("dynamodb", `table/${String(inputs["name"])}`) };
    case "aws:kms/key:Key":
      return { arn: regional("kms", `key/${name}`), keyId: name };
    case "aws:lambda/function:Function":
      return { arn: regional("lambda", `function:${String(inputs["name"])}`) };
    case "aws:secretsmanager/secret:Secret":
      return { arn: regional("secretsmanager", `secret:${String(inputs["name"])}-AbCdEf`) };
    case "aws:sqs/queue:Queue":
      return { arn: regional("sqs", String(inputs["name"])) };
    case "aws:iam/role:Role":
      return { arn: `arn:aws:iam::${account}:role/${String(inputs["name"])}` };
    case "aws:s3/bucket:Bucket":
      return {
        arn: `arn:aws:s3:::${String(inputs["bucket"])}`,
        bucketRegionalDomainName: `${String(inputs["bucket"])}.s3.amazonaws.com`,
      };
    default:
      return { arn: `arn:aws:mock:${mockRegion}:${account}:${type}/${name}` };
  }
}

/** What AWS answers to what is looked up. */
export function answerCall(
  token: string,
  inputs: Record<string, unknown>,
  options: InfraOptions,
): Record<string, unknown> {
  switch (token) {
    case "aws:index/getCallerIdentity:getCallerIdentity":
      return { accountId: options.account ?? "123456789012" };
    case "aws:index/getPartition:getPartition":
      return { partition: "aws" };
    case "aws:index/getRegion:getRegion":
      return { region: mockRegion, name: mockRegion };
    case "aws:iam/getPolicyDocument:getPolicyDocument":
      return { ...inputs, json: JSON.stringify({ Statement: inputs["statements"] }) };
    case "aws:ssm/getParametersByPath:getParametersByPath": {
      const path = String(inputs["path"]);
      const entries = Object.entries(options.parameters ?? {}).map(
        ([name, value]) => [`/steward/${options.stage}/${name}`, value] as const,
      );
      const below = entries.filter(([name]) => name.startsWith(path));
      return { ...inputs, names: below.map(([name]) => name), values: below.map(([, value]) => value) };
    }
    case "aws:route53/getZone:getZone":
      return { zoneId: inputs["zoneId"], name: options.zoneName ?? "example.com" };
    default:
      throw new Error(`infra/ looks up ${token}, which has no stand-in`);
  }
}
