import { securityHeaders } from "@steward/api/security-headers";
import { resourceNames, rotatedSecretNames, rotatedSecrets, secretNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { policyStatements, type StagePlace, type Statement } from "@steward/contracts/policy";
import { routes } from "@steward/contracts/routes";
import { apiPaths, cacheControl, hashedFolder } from "@steward/dashboard/site";
import { alarmDefinitions } from "@steward/functions/alarms";
import {
  type FunctionDefinition,
  type FunctionName,
  functionDefinitions,
  functionNames,
} from "@steward/functions/definitions";
import { environmentSchema, parseEnvironment } from "@steward/functions/env";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePlatform, unpackingTimeoutMs } from "../../scripts/sst-platform.ts";
import { type PermanentStage, permanentStages, settingsOf } from "../../infra/stages.ts";
import { mockSecret } from "./support/mock-aws.ts";
import { all, inOrder, one, statementsOf } from "./support/read-run.ts";
import { forgetInfra, type InfraRun, runInfra, siteFiles } from "./support/run-infra.ts";
import { stageParameters, valueOf } from "./support/stage-parameters.ts";

const stages = Object.keys(permanentStages) as PermanentStage[];
const definitions: Record<FunctionName, FunctionDefinition> = functionDefinitions;

beforeAll(ensurePlatform, unpackingTimeoutMs);
afterAll(forgetInfra);

describe.each(stages)("the app of %s", (stage) => {
  const settings = settingsOf(stage);
  const { account, region } = settings;
  const names = resourceNames(stage);
  const parameters = stageParameters(stage);
  let app: InfraRun;
  beforeAll(async () => {
    app = await runInfra({ stage, account, parameters });
  });

  const lambdaArn = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:${names.lambda(name)}`;
  const lambda = (name: FunctionName) => one(app, "lambda/function:Function", { name: names.lambda(name) });
  const role = (name: FunctionName) =>
    one(app, "iam/role:Role", { name: String(lambda(name)["role"]).split(":role/")[1] });
  const variablesOf = (name: FunctionName) =>
    (lambda(name)["environment"] as { variables: Record<string, string> }).variables;

  test("stays when it is removed, and lives in its own account and region only", () => {
    expect(app.app).toMatchObject({
      name: "steward",
      home: "aws",
      removal: "retain",
      protect: true,
      providers: { aws: { version: "7.20.0", region, allowedAccountIds: [account] } },
    });
  });

  test("every route goes to the function that serves it, and everything else to api", () => {
    const served = new Map(
      all(app, "apigatewayv2/integration:Integration").map(({ name, inputs }) => [
        `integrations/${name}-id`,
        inputs["integrationUri"],
      ]),
    );
    const table = all(app, "apigatewayv2/route:Route").map(({ inputs }) => [
      inputs["routeKey"],
      served.get(String(inputs["target"])),
    ]);
    const functionOf = (servedBy: string) =>
      functionNames.find((name) => {
        const { trigger } = definitions[name];
        return trigger.kind === "http" && trigger.servedBy === servedBy;
      }) ?? "";
    const wanted = Object.values(routes).map((route) => [
      `${route.method} ${route.path}`,
      lambdaArn(functionOf(route.servedBy)),
    ]);
    expect(new Map(table as [string, string][])).toEqual(
      new Map([...(wanted as [string, string][]), ["$default", lambdaArn("api")]]),
    );
    expect(table).toHaveLength(wanted.length + 1);
    for (const { inputs } of all(app, "apigatewayv2/integration:Integration")) {
      expect(inputs).toMatchObject({ integrationType: "AWS_PROXY", payloadFormatVersion: "2.0" });
    }
  });

  test("no path is at both doors: the gateway could not tell them apart", () => {
    const keys = Object.values(routes).map((route) => `${route.method} ${route.path.replace(/\{\w+\}/g, "{}")}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("two domains, the nodes' with mutual TLS against the truststore that is in force, and no other address", () => {
    const domains = all(app, "apigatewayv2/domainName:DomainName").map(({ inputs }) => inputs);
    expect(domains).toHaveLength(2);
    const [api, nodes] = ["api", "nodes"].map((door) =>
      domains.find(({ domainName }) => domainName === settings.domains[door as "api" | "nodes"].name),
    );
    const configuration = { endpointType: "REGIONAL", securityPolicy: "TLS_1_2" };
    expect(api).toMatchObject({
      domainNameConfiguration: { ...configuration, certificateArn: settings.domains.api.certificateArn },
    });
    expect(api).not.toHaveProperty("mutualTlsAuthentication");
    const { uri, version } = JSON.parse(parameters["truststore"] ?? "");
    expect(nodes).toMatchObject({
      domainNameConfiguration: { ...configuration, certificateArn: settings.domains.nodes.certificateArn },
      mutualTlsAuthentication: { truststoreUri: uri, truststoreVersion: version },
    });
    expect(one(app, "apigatewayv2/api:Api", { protocolType: "HTTP" })).toMatchObject({
      disableExecuteApiEndpoint: true,
      corsConfiguration: {},
    });
    const mapped = all(app, "apigatewayv2/apiMapping:ApiMapping").map(({ inputs }) => inputs);
    expect(mapped).toHaveLength(2);
    for (const mapping of mapped) expect(mapping).toMatchObject({ apiId: "GatewayApi-id", stage: "$default" });
  });

  test("the API is throttled as the stage says, and logs each request as JSON without its query", () => {
    const { defaultRouteSettings, accessLogSettings } = one(app, "apigatewayv2/stage:Stage", { name: "$default" }) as {
      defaultRouteSettings: unknown;
      accessLogSettings: { format: string };
    };
    expect(defaultRouteSettings).toEqual({
      throttlingRateLimit: settings.limits.requestsPerSecond,
      throttlingBurstLimit: settings.limits.requestBurst,
    });
    const format: Record<string, string> = JSON.parse(accessLogSettings.format);
    expect(format).toMatchObject({
      domain: "$context.domainName",
      status: "$context.status",
      requestId: "$context.requestId",
    });
    expect(accessLogSettings.format).not.toMatch(/query/i);
    expect(
      all(app, "cloudwatch/logGroup:LogGroup").find(({ name }) => name === "GatewayAccessLog")?.inputs[
        "retentionInDays"
      ],
    ).toBe(settings.retention.logDays);
  });

  test.each(functionNames)("%s is what its definition says", (name) => {
    const { timeoutSeconds, memoryMb, trigger, concurrency } = definitions[name];
    const fn = lambda(name);
    expect(fn).toMatchObject({
      name: names.lambda(name),
      architectures: ["arm64"],
      runtime: "nodejs24.x",
      handler: "index.handler",
      timeout: timeoutSeconds,
      memorySize: memoryMb,
      loggingConfig: {
        logFormat: "JSON",
        logGroup: `/aws/lambda/${names.lambda(name)}`,
        // Lambda's own lines would be dearer than the heartbeat's write.
        ...(name === "heartbeat" ? { systemLogLevel: "WARN" } : {}),
      },
    });
    const { heartbeatConcurrency, waitConcurrency } = settings.limits;
    const kept: Partial<Record<FunctionName, number>> = { heartbeat: heartbeatConcurrency, wait: waitConcurrency };
    const limit = trigger.kind === "direct" ? concurrency : undefined;
    expect(fn["reservedConcurrentExecutions"]).toBe(kept[name] ?? limit);
    expect(
      one(app, "cloudwatch/logGroup:LogGroup", { name: `/aws/lambda/${names.lambda(name)}` })["retentionInDays"],
    ).toBe(settings.retention.logDays);
  });

  test("there is a function for every definition and no other", () => {
    const made = all(app, "lambda/function:Function").map(({ inputs }) => inputs["name"]);
    expect(inOrder(made)).toEqual(inOrder(functionNames.map(names.lambda)));
  });

  test.each(functionNames)("the role of %s has its rights of the table, its own log, and nothing else", (name) => {
    const place: StagePlace = {
      stage,
      partition: "aws",
      region,
      account,
      secretArns: Object.fromEntries(
        secretNames.map((secret) => [secret, valueOf(stage, `secret-arn/${secret}`)]),
      ) as StagePlace["secretArns"],
    };
    const { principal } = definitions[name];
    const log: Statement = {
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      resources: [`arn:aws:logs:${region}:${account}:log-group:/aws/lambda/${names.lambda(name)}:*`],
    };
    const wanted = [...policyStatements(principal, place), log].map(({ why: _why, ...statement }) => statement);
    const given = statementsOf(role(name));
    expect(given).toEqual(wanted);
    expect(role(name)["managedPolicyArns"]).toEqual([]);

    const explained = permissions(stage, account)[principal].some(({ why }) => why !== undefined);
    for (const { actions, resources } of given) {
      for (const action of actions) expect(action).not.toMatch(/\*/);
      if (resources.includes("*"))
        expect(explained, `${name} has ${actions.join()} on everything without a reason`).toBe(true);
    }
  });

  test("Lambda alone takes a function's role; every role stays within the app's boundary", () => {
    for (const name of functionNames) {
      const trust = JSON.stringify(role(name)["assumeRolePolicy"]);
      expect(trust).toContain("lambda.amazonaws.com");
      expect(trust).not.toMatch(/AWS"|:root|arn:/);
    }
    for (const { inputs } of all(app, "iam/role:Role")) {
      expect(inputs["permissionsBoundary"]).toBe(`arn:aws:iam::${account}:policy/${names.appBoundary}`);
    }
  });

  test("a function's environment is what its env.ts asks for, and none besides", () => {
    const asked = Object.entries(environmentSchema.shape);
    const required = asked.filter(([, schema]) => !schema.safeParse(undefined).success).map(([name]) => name);
    // Lambda itself sets the region; of what is optional, a stage whose workers start by themselves sets the first,
    // and one whose dashboard has a domain (all of these) the second.
    const wanted = required.filter((name) => name !== "AWS_REGION");
    if (settings.workers.maximum > 0) wanted.push("STEWARD_WORKER_START_SECONDS");
    wanted.push("STEWARD_DASHBOARD_URL");
    for (const name of functionNames) {
      const variables = variablesOf(name);
      expect(inOrder(Object.keys(variables))).toEqual(inOrder(wanted));
      expect(parseEnvironment({ ...variables, AWS_REGION: region })).toMatchObject({
        STEWARD_STAGE: stage,
        STEWARD_ACCOUNT: account,
        STEWARD_API_DOMAINS: [settings.domains.api.name],
        STEWARD_NODES_DOMAINS: [settings.domains.nodes.name],
        STEWARD_API_URL: `https://${settings.domains.api.name}`,
        STEWARD_NODES_URL: `https://${settings.domains.nodes.name}`,
        STEWARD_CHECK_ANSWERS: false,
      });
      for (const variable of wanted) expect(environmentSchema.shape).toHaveProperty(variable);
    }
  });

  test("each queue's messages go to its function: failed ones come back alone, and no more run at once than may", () => {
    const subscriptions = all(app, "lambda/eventSourceMapping:EventSourceMapping").map(({ inputs }) => inputs);
    const wanted = functionNames.flatMap((name) => {
      const { trigger, concurrency } = definitions[name];
      if (trigger.kind !== "queue") return [];
      return [
        {
          eventSourceArn: parameters[`queue-arn/${trigger.queue}`],
          functionName: lambdaArn(name),
          batchSize: trigger.batchSize,
          functionResponseTypes: ["ReportBatchItemFailures"],
          scalingConfig: { maximumConcurrency: concurrency },
        },
      ];
    });
    expect(wanted.length).toBeGreaterThan(0);
    expect(subscriptions).toEqual(expect.arrayContaining(wanted));
    expect(subscriptions).toHaveLength(wanted.length);
  });

  test("schedules run at their pace, and a turn that failed is left to the next", () => {
    const schedules = all(app, "scheduler/schedule:Schedule").map(({ inputs }) => inputs);
    const scheduled = functionNames.filter((name) => definitions[name].trigger.kind === "schedule");
    expect(schedules).toHaveLength(scheduled.length);
    for (const name of scheduled) {
      expect(schedules.find(({ target }) => (target as { arn: string }).arn === lambdaArn(name))).toMatchObject({
        scheduleExpression: "rate(1 minute)",
        state: "ENABLED",
        target: { retryPolicy: { maximumRetryAttempts: 0 } },
      });
      const invocations = { functionName: names.lambda(name) };
      expect(
        one(app, "lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", invocations)["maximumRetryAttempts"],
      ).toBe(0);
    }
  });

  test("what happens to the worker group comes to the function that looks after it", () => {
    const [rule, ...others] = all(app, "cloudwatch/eventRule:EventRule");
    expect(others).toEqual([]);
    expect(JSON.parse(String(rule?.inputs["eventPattern"]))).toEqual({
      source: ["aws.autoscaling"],
      "detail-type": ["EC2 Instance-launch Lifecycle Action", "EC2 Instance Terminate Successful"],
      detail: { AutoScalingGroupName: [names.workerGroup] },
    });
    expect(all(app, "cloudwatch/eventTarget:EventTarget").map(({ inputs }) => inputs["arn"])).toEqual([
      lambdaArn("manage-instances"),
    ]);
  });

  test("each secret that Steward makes is rotated by the function of that name, which no other secret may start", () => {
    const rotations = all(app, "secretsmanager/secretRotation:SecretRotation").map(({ inputs }) => inputs);
    expect(rotations).toHaveLength(rotatedSecretNames.length);
    for (const name of rotatedSecretNames) {
      const secretArn = expect.stringMatching(new RegExp(`:secret:${names.secret(name)}(?:-\\w{6})?$`));
      expect(rotations).toContainEqual(
        expect.objectContaining({
          secretId: secretArn,
          rotationLambdaArn: lambdaArn("rotate-secrets"),
          rotateImmediately: false,
          rotationRules: { automaticallyAfterDays: rotatedSecrets[name].everyDays },
        }),
      );
      const [permission, ...others] = all(app, "lambda/permission:Permission").filter(
        ({ inputs }) => inputs["principal"] === "secretsmanager.amazonaws.com",
      );
      expect(others).toEqual([]);
      expect(permission?.inputs).toMatchObject({
        sourceArn: secretArn,
        sourceAccount: expect.stringMatching(/^\d{12}$/),
      });
    }
  });

  test("nobody may invoke a function but the gateway the http ones, and the rule its own", () => {
    const allowed = all(app, "lambda/permission:Permission").map(({ inputs }) => [
      inputs["function"],
      inputs["principal"],
    ]);
    const http = functionNames.filter((name) => definitions[name].trigger.kind === "http");
    const wanted = [
      ...http.map((name) => [lambdaArn(name), "apigateway.amazonaws.com"]),
      [lambdaArn("manage-instances"), "events.amazonaws.com"],
      [lambdaArn("rotate-secrets"), "secretsmanager.amazonaws.com"],
    ];
    expect(inOrder(allowed)).toEqual(inOrder(wanted));
    for (const { inputs } of all(app, "lambda/permission:Permission")) expect(inputs["sourceArn"]).toMatch(/^arn:/);
  });

  test("the dashboard has the API's own headers, and the API beside it at the same origin", () => {
    const policy = one(app, "cloudfront/responseHeadersPolicy:ResponseHeadersPolicy");
    const { "cache-control": _ofEachFile, ...wanted } = securityHeaders;
    expect(headersOf(policy)).toEqual(wanted);
    const site = one(app, "cloudfront/distribution:Distribution");
    expect(site).toMatchObject({
      aliases: [settings.domains.dashboard.name],
      viewerCertificate: {
        acmCertificateArn: settings.domains.dashboard.certificateArn,
        minimumProtocolVersion: "TLSv1.2_2021",
      },
      defaultCacheBehavior: {
        viewerProtocolPolicy: "redirect-to-https",
        responseHeadersPolicyId: "DashboardHeaders-id",
      },
      orderedCacheBehaviors: apiPaths.map((pathPattern) => ({
        pathPattern,
        targetOriginId: "api",
        viewerProtocolPolicy: "https-only",
      })),
    });
    const origins = site["origins"] as { originId: string; domainName: string }[];
    expect(origins.find(({ originId }) => originId === "api")?.domainName).toBe(settings.domains.api.name);
  });

  test("the dashboard's files are uploaded: those with a digest in their names for good, no others", () => {
    const uploads = all(app, "pulumi-nodejs:dynamic:Resource").find(({ name }) => name.endsWith("BucketFiles"));
    const files = uploads?.inputs["files"] as { key: string; contentType: string; cacheControl: string }[];
    expect(inOrder(files.map((file) => file.key))).toEqual(inOrder(siteFiles));
    for (const { key, contentType, cacheControl: kept } of files) {
      expect(kept).toBe(key.startsWith(`${hashedFolder}/`) ? cacheControl.hashed : cacheControl.named);
      expect(contentType).toMatch(
        { html: /^text\/html/, js: /^text\/javascript/, css: /^text\/css/ }[key.split(".").at(-1) ?? ""] ?? "",
      );
    }
    // A page that was open before the deploy still finds its parts.
    expect(uploads?.inputs["purge"]).toBe(false);
  });

  test("what is no file of the dashboard is one of its pages, which looks at the address by itself", () => {
    const entries = all(app, "pulumi-nodejs:dynamic:Resource").find(({ name }) => name.endsWith("KvKeys"));
    const { metadata } = (entries?.inputs["entries"] ?? {}) as { metadata?: string };
    expect(JSON.parse(metadata ?? "{}")).toMatchObject({
      custom404: "/index.html",
      s3: { routes: [`/${hashedFolder}`] },
    });
    expect(one(app, "cloudfront/distribution:Distribution")["customErrorResponses"] ?? []).toEqual([]);
  });

  test("every alarm of the catalogue that is made here is made, and tells the topic", () => {
    const wanted = alarmDefinitions(stage).filter(({ madeBy }) => madeBy === "infra");
    const made = all(app, "cloudwatch/metricAlarm:MetricAlarm").map(({ inputs }) => inputs);
    expect(inOrder(made.map(({ name }) => name))).toEqual(inOrder(wanted.map(({ name }) => name)));
    for (const alarm of wanted) {
      const one = made.find(({ name }) => name === alarm.name);
      expect(one).toMatchObject({
        comparisonOperator: alarm.comparison,
        threshold: alarm.threshold,
        evaluationPeriods: alarm.evaluationPeriods,
        datapointsToAlarm: alarm.datapointsToAlarm,
        treatMissingData: alarm.missingData,
        alarmActions: [parameters["alarm-topic-arn"]],
      });
      expect(one?.["alarmDescription"]).toContain(`docs/runbooks/${alarm.runbook}.md`);
      const [first] = alarm.metrics;
      const figures = alarm.metrics.map(({ id, namespace, metricName, periodSeconds, statistic }) => ({
        id,
        returnData: false,
        metric: { namespace, metricName, period: periodSeconds, stat: statistic },
      }));
      if (alarm.expression === undefined) {
        const statistic = first.statistic === "p99" ? "extendedStatistic" : "statistic";
        const { namespace, metricName, periodSeconds: period } = first;
        expect(one).toMatchObject({ namespace, metricName, period, [statistic]: first.statistic });
      } else {
        expect(one?.["metricQueries"]).toMatchObject([{ expression: alarm.expression, returnData: true }, ...figures]);
      }
      // Whatever only the deploy knows has been put in.
      expect(JSON.stringify(one)).not.toContain("fromInfra");
      if (alarm.metrics.some(({ namespace }) => namespace === "AWS/ApiGateway"))
        expect(JSON.stringify(one)).toContain('"ApiId":"GatewayApi-id"');
    }
  });

  test("what has a name has the stage's: its deploy role may touch nothing else", () => {
    const named = app.registered.filter(
      ({ type, inputs }) => type.startsWith("aws:") && typeof inputs["name"] === "string",
    );
    const foreign = named
      .filter(({ type }) => type !== "aws:apigatewayv2/stage:Stage")
      .map(({ inputs }) => String(inputs["name"]).replace(/^\/aws\/(lambda|vendedlogs\/apis)\//, ""))
      .filter((name) => name !== names.prefix && !name.startsWith(`${names.prefix}-`));
    expect(foreign).toEqual([]);
  });

  test("no secret is in anything that is made", () => {
    expect(all(app, "random:index/randomBytes:RandomBytes")).toHaveLength(1);
    expect(JSON.stringify(app.registered)).not.toContain(mockSecret);
    expect(JSON.stringify(app.outputs)).not.toContain(mockSecret);
    expect(all(app, "secretsmanager/secretVersion:SecretVersion")).toEqual([]);
  });

  test("the records and steps that are left to a person are told", () => {
    expect(app.outputs).toMatchObject({
      api: `https://${settings.domains.api.name}`,
      nodes: `https://${settings.domains.nodes.name}`,
      dashboard: `https://${settings.domains.dashboard.name}`,
      next: [`npx steward bootstrap --stage ${stage}`],
    });
    const [records] = Object.entries(app.outputs)
      .filter(([key]) => key.startsWith("DNS records"))
      .map(([, value]) => value);
    expect(inOrder(Object.keys(records as object))).toEqual(
      inOrder([settings.domains.api.name, settings.domains.dashboard.name, settings.domains.nodes.name]),
    );
    expect(all(app, "route53/record:Record")).toEqual([]);
  });
});

/** The headers that CloudFront will send, in the words of HTTP. */
function headersOf(policy: Record<string, unknown>): Record<string, string> {
  const { securityHeadersConfig: own, customHeadersConfig: others } = policy as {
    securityHeadersConfig: {
      contentSecurityPolicy: { contentSecurityPolicy: string };
      contentTypeOptions: { override: boolean };
      referrerPolicy: { referrerPolicy: string };
      strictTransportSecurity: { accessControlMaxAgeSec: number };
    };
    customHeadersConfig: { items: { header: string; value: string }[] };
  };
  return {
    "content-security-policy": own.contentSecurityPolicy.contentSecurityPolicy,
    "referrer-policy": own.referrerPolicy.referrerPolicy,
    "strict-transport-security": `max-age=${own.strictTransportSecurity.accessControlMaxAgeSec}`,
    ...(own.contentTypeOptions.override ? { "x-content-type-options": "nosniff" } : {}),
    ...Object.fromEntries(others.items.map(({ header, value }) => [header, value])),
  };
}
