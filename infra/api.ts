import { routes } from "@steward/contracts/routes";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { componentName, type Input } from "./platform.ts";
import type { Stage } from "./stage.ts";
import type { Truststore } from "./storage.ts";

export interface Gateway {
  api: sst.aws.ApiGatewayV2;
  /** The doors' domain names. */
  domains: {
    api: Input<string>;
    /** Absent: nobody can call as a machine. */
    nodes: string | undefined;
  };
  /** Records that are yours to make, as the stage has no hosted zone: name → target. */
  dnsRecords: Record<string, Input<string>>;
}

/** One HTTP API behind two doors: `api.` for people, `nodes.` for machines, which show a certificate. */
export function makeGateway(stage: Stage, truststore: Truststore | undefined): Gateway {
  const api = new sst.aws.ApiGatewayV2("Gateway", {
    // Only our own pages call it from a browser, at their own origin.
    cors: false,
    transform: {
      // A domain's certificate check would be no check if the API also answered at AWS's own address.
      api: { name: `steward-${stage.name}`, disableExecuteApiEndpoint: stage.domains !== undefined },
      logGroup: { retentionInDays: stage.logDays },
      stage: (args) => {
        args.defaultRouteSettings = {
          throttlingRateLimit: stage.requestsPerSecond,
          throttlingBurstLimit: stage.requestBurst,
        };
        args.accessLogSettings = $util.output(args.accessLogSettings).apply((settings) => ({
          destinationArn: settings?.destinationArn ?? "",
          format: JSON.stringify(accessLog),
        }));
        return undefined;
      },
    },
  });
  const { domains } = stage;
  if (domains === undefined) {
    const host = api.nodes.api.apiEndpoint.apply((endpoint) => new URL(endpoint).host);
    return { api, domains: { api: host, nodes: undefined }, dnsRecords: {} };
  }
  const dns = domains.hostedZoneId === undefined ? undefined : sst.aws.dns({ zone: domains.hostedZoneId });
  const dnsRecords: Gateway["dnsRecords"] = {};
  const open = (door: "api" | "nodes", trust?: Truststore) => {
    const { name, certificateArn } = domains[door];
    const { domainNameConfiguration: target } = makeDoor(componentName(door, "Door"), {
      api,
      name,
      certificateArn,
      trust,
    });
    if (dns === undefined) dnsRecords[name] = target.targetDomainName;
    else {
      const alias = { name, aliasName: target.targetDomainName, aliasZone: target.hostedZoneId };
      dns.createAlias(componentName(door, "Door"), alias, {});
    }
    return name;
  };
  // Without a truststore the door would let in everybody: it stays shut until there is one.
  const nodes = truststore === undefined ? undefined : open("nodes", truststore);
  return { api, domains: { api: open("api"), nodes }, dnsRecords };
}

interface DoorOptions {
  api: sst.aws.ApiGatewayV2;
  name: string;
  certificateArn: string;
  trust: Truststore | undefined;
}

function makeDoor(component: string, { api, name, certificateArn, trust }: DoorOptions): aws.apigatewayv2.DomainName {
  const domain = new aws.apigatewayv2.DomainName(`${component}Domain`, {
    domainName: name,
    domainNameConfiguration: {
      certificateArn,
      endpointType: "REGIONAL",
      securityPolicy: "TLS_1_2",
      ipAddressType: "dualstack",
    },
    ...(trust === undefined
      ? {}
      : { mutualTlsAuthentication: { truststoreUri: trust.uri, truststoreVersion: trust.version } }),
  });
  new aws.apigatewayv2.ApiMapping(
    `${component}Mapping`,
    { apiId: api.nodes.api.id, domainName: domain.id, stage: "$default" },
    // The API with its stage, which SST keeps to itself.
    { dependsOn: [api] },
  );
  return domain;
}

/**
 * Every route of the table to the function that serves it. The gateway knows routes by method and path, whatever the
 * domain: the function refuses what came through the other door. Whatever no route claims goes to one function for both
 * doors: `api` answers by the domain that it came through.
 */
export function bindRoutes({ api }: Gateway, functions: Readonly<Record<FunctionName, sst.aws.Function>>): void {
  const { id: apiId, executionArn } = api.nodes.api;
  const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;
  for (const name of functionNames) {
    const { trigger } = definitions[name];
    if (trigger.kind !== "http") continue;
    const component = componentName("Gateway", name);
    const { arn } = functions[name];
    const permission = new aws.lambda.Permission(`${component}Permission`, {
      action: "lambda:InvokeFunction",
      function: arn,
      principal: "apigateway.amazonaws.com",
      sourceArn: $interpolate`${executionArn}/*`,
    });
    // One integration for all routes of a function, where `api.route` would make one for each, and a permission.
    const integration = new aws.apigatewayv2.Integration(
      `${component}Integration`,
      { apiId, integrationType: "AWS_PROXY", integrationUri: arn, payloadFormatVersion: "2.0" },
      { dependsOn: [permission] },
    );
    const target = $interpolate`integrations/${integration.id}`;
    for (const route of Object.values(routes).filter(({ servedBy }) => servedBy === trigger.servedBy)) {
      new aws.apigatewayv2.Route(componentName("Route", route.id), {
        apiId,
        routeKey: `${route.method} ${route.path}`,
        target,
      });
    }
    if (trigger.everythingElseAt === "api") {
      new aws.apigatewayv2.Route("RouteEverythingElse", { apiId, routeKey: "$default", target });
    }
  }
}

/** One line of JSON per request. The path carries ids and no secrets; the query may, and is left out. */
const accessLog = {
  time: "$context.requestTime",
  requestId: "$context.requestId",
  domain: "$context.domainName",
  method: "$context.httpMethod",
  path: "$context.path",
  route: "$context.routeKey",
  status: "$context.status",
  bytes: "$context.responseLength",
  latencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  integrationError: "$context.integrationErrorMessage",
  error: "$context.error.message",
  ip: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
  certificate: "$context.identity.clientCert.serialNumber",
};
