import { z } from "zod";

/** The shape of a permanent stage's settings (`stages.ts`), and of what a personal stage is given. */

export const domainName = z
  .string()
  .regex(/^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "a domain name, such as api.example.com");
const account = z.string().regex(/^\d{12}$/, "the twelve digits of an AWS account");
export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "an AWS region, such as eu-central-1");
export const certificateArn = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36}$/,
    "the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID",
  );
export const hostedZoneId = z
  .string()
  .regex(/^Z[A-Z0-9]{8,31}$/, "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ");
/** What CloudWatch Logs can keep. */
const logDays = z.union(
  [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653].map(
    (days) => z.literal(days),
  ),
  { error: "a number of days that CloudWatch Logs knows: 7, 14, 30, 60, 90, 180, 365, …" },
);
const count = z.number().int().min(0);
const model = z.string().regex(/^[a-z0-9][a-z0-9._-]*(:[a-z0-9._-]+)?$/, "an Ollama model, such as llama3.1:8b");

const domainSchema = z.strictObject({
  name: domainName,
  /** In the stage's region; for the dashboard in us-east-1, where CloudFront looks. */
  certificateArn,
});

const stageSettingsSchema = z.strictObject({
  account,
  region,
  domains: z.strictObject({
    /** People: JWT. */
    api: domainSchema,
    /** Machines: mutual TLS. */
    nodes: domainSchema,
    dashboard: domainSchema,
    /** The Route 53 zone that holds the three names. Absent: the DNS records are yours to make; the deploy prints them. */
    hostedZoneId: hostedZoneId.optional(),
  }),
  /** `newest`: each deploy publishes what the checkout builds. `committed`: only what `releases/{stage}.json` pins. */
  releaseChannel: z.enum(["newest", "committed"]),
  approvals: z.strictObject({
    /** `owner/name` on GitHub: whose workflows may take the deploy roles. */
    repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/, "owner/name"),
    /** The GitHub environment whose reviewers let a deploy through. Absent: whatever runs on the branch. */
    environment: z.string().min(1).optional(),
    branch: z.string().min(1).default("main"),
  }),
  alarms: z.strictObject({
    email: z.email("an address that alarms are sent to"),
    /** Whether alarms of the severity `page` also go to a pager's HTTPS endpoint (an integration's URL). */
    pagerUrl: z.url({ protocol: /^https$/, error: "an https address" }).optional(),
  }),
  /** Notices by e-mail come from here: an address that SES may send as. Absent: none are sent. */
  mail: z.strictObject({ from: z.email() }).optional(),
  /** Invocations are told to this OpenTelemetry collector (`docs/observability.md`). Absent: to nobody, and nothing is loaded for it. */
  openTelemetry: z
    .strictObject({
      /** OTLP over HTTP: `https://otlp.example.com`, or `http://localhost:4318` for a collector's Lambda extension. */
      endpoint: z.url({ protocol: /^https?$/, error: "the address of a collector, such as https://otlp.example.com" }),
      /** Of the secret `steward-STAGE/NAME` with the collector's key, which is yours to make: `api-key=…`. */
      headersSecret: z
        .string()
        .regex(/^(?!run$|tenant$|instance$)[a-z][a-z0-9-]{0,40}$/, "what follows steward-STAGE/ in the secret's name")
        .optional(),
      /** Of how many traces in a hundred are told; all of them unless it is said. */
      samplePercent: z.number().min(0).max(100).optional(),
    })
    .optional(),
  limits: z.strictObject({
    /** Requests per second over all of the API, and how many at once above that. */
    requestsPerSecond: count.min(1),
    requestBurst: count.min(1),
    /** Invocations that are kept for heartbeats, and for calls that wait. */
    heartbeatConcurrency: count.min(1),
    waitConcurrency: count.min(1),
    /** Machines that SSM may call. More than 1,000 in an account and region cost about $5 a month each. */
    ssmNodes: count.max(100_000).optional(),
  }),
  retention: z.strictObject({
    logDays,
    /** Outputs of runs. */
    outputDays: count.min(1).max(3650),
    backupDays: count.min(35, "at least 35 days, to be older than what point-in-time recovery covers").max(3650),
  }),
  /**
   * The lock on the audit trail's seals. `compliance`: nobody deletes a seal before its days are over, AWS's support and
   * the account's root included, and nobody takes that back. `governance`: only who has `s3:BypassGovernanceRetention`.
   */
  seals: z.strictObject({ lock: z.enum(["governance", "compliance"]), days: count.min(1).max(36_500) }),
  workers: z.strictObject({
    /** In the order of preference; the first that is to be had is started. */
    instanceTypes: z
      .array(z.string().regex(/^(g4dn|g5|g6)\.(\d*xlarge)$/, "a GPU instance of g6, g5 or g4dn, such as g6.xlarge"))
      .min(1),
    minimum: count,
    maximum: count.max(100),
    /** Of the running ones, so many are on demand; the rest are spot. */
    onDemandBase: count,
    models: z.strictObject({ express: model, standard: model, bulk: model }),
    /** Minutes without a queued or running job after which the last worker goes. */
    idleMinutes: count.min(5).max(1440),
  }),
  /** Of the account's bill for this stage; an alarm tells when it is passed. */
  monthlyBudgetUsd: z.number().positive(),
});

export type StageSettings = z.output<typeof stageSettingsSchema>;
export type StageSettingsInput = z.input<typeof stageSettingsSchema>;

interface Problem {
  path: string;
  message: string;
}

/** A rule between settings: asked as soon as the ones that it compares can be read, whatever else is wrong. */
function rule<Schema extends z.ZodType>(
  schema: Schema,
  judge: (part: z.output<Schema>, say: (path: string, message: string) => void) => void,
): (settings: unknown) => Problem[] {
  return (settings) => {
    const part = schema.safeParse(settings);
    const problems: Problem[] = [];
    if (part.success) judge(part.data, (path, message) => void problems.push({ path, message }));
    return problems;
  };
}

const doors = ["api", "nodes"] as const;
const everyDomain = [...doors, "dashboard"] as const;

const rules = [
  rule(z.object({ workers: z.object({ minimum: count, maximum: count }) }), ({ workers }, say) => {
    if (workers.minimum > workers.maximum) say("workers.minimum", "is more than workers.maximum");
  }),
  rule(z.object({ workers: z.object({ onDemandBase: count, maximum: count }) }), ({ workers }, say) => {
    if (workers.onDemandBase > workers.maximum) say("workers.onDemandBase", "is more than workers.maximum");
  }),
  rule(z.object({ domains: z.record(z.enum(everyDomain), z.object({ name: z.string() })) }), ({ domains }, say) => {
    if (new Set(everyDomain.map((one) => domains[one].name)).size < everyDomain.length)
      say("domains", "the three names must differ");
  }),
  ...doors.map((door) =>
    rule(
      z.object({ region, domains: z.object({ [door]: z.object({ certificateArn }) }) }),
      ({ region: wanted, domains }, say) => {
        if (arnPart(domains[door]?.certificateArn, 3) !== wanted)
          say(`domains.${door}.certificateArn`, `must be a certificate in ${wanted}, where the API is`);
      },
    ),
  ),
  rule(z.object({ domains: z.object({ dashboard: z.object({ certificateArn }) }) }), ({ domains }, say) => {
    if (arnPart(domains.dashboard.certificateArn, 3) !== "us-east-1")
      say("domains.dashboard.certificateArn", "must be a certificate in us-east-1, where CloudFront looks");
  }),
  ...everyDomain.map((name) =>
    rule(
      z.object({ account, domains: z.object({ [name]: z.object({ certificateArn }) }) }),
      ({ account: own, domains }, say) => {
        if (arnPart(domains[name]?.certificateArn, 4) !== own)
          say(`domains.${name}.certificateArn`, `is of another account than ${own}`);
      },
    ),
  ),
  rule(z.object({ openTelemetry: z.object({ endpoint: z.url() }) }), ({ openTelemetry: { endpoint } }, say) => {
    const { protocol, hostname } = new URL(endpoint);
    // What leaves the machine does so in secret, and a key even more.
    if (protocol === "http:" && !["localhost", "127.0.0.1"].includes(hostname))
      say("openTelemetry.endpoint", "must be https, unless it is on localhost");
  }),
  rule(
    z.object({ limits: z.object({ heartbeatConcurrency: count, waitConcurrency: count }) }),
    ({ limits: { heartbeatConcurrency, waitConcurrency } }, say) => {
      // An account has 1,000 unless it asked for more, and AWS keeps 100 of them unreserved; one is bootstrap's.
      if (heartbeatConcurrency + waitConcurrency >= 900)
        say("limits", "heartbeatConcurrency and waitConcurrency together leave less than 100 of an account's 1,000");
    },
  ),
];

/** `arn:aws:acm:REGION:ACCOUNT:…`: 3 is the region, 4 the account. */
function arnPart(arn: string | undefined, index: number): string | undefined {
  return arn?.split(":")[index];
}

/** Throws one error that names every problem of the stage's settings. */
export function parseStageSettings(stage: string, settings: unknown): StageSettings {
  const parsed = stageSettingsSchema.safeParse(settings);
  const problems = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ path: path.join("."), message })),
    ...rules.flatMap((judge) => judge(settings)),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  const lines = problems.map(({ path, message }) => `  ${path || stage}: ${message}`);
  throw new Error(`The settings of the stage ${stage} (infra/stages.ts) are not right:\n${lines.join("\n")}`);
}
