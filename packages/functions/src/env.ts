import { type RateName, rateLimits } from "@steward/contracts/defaults";
import type { Rate } from "@steward/core/limit/token-bucket";
import { z } from "zod";

const hostList = z
  .string()
  .min(1)
  .transform((text) => text.split(",").map((host) => host.trim()));

/** `principal=10/50,tenant=50/200`: calls a second, and how many at once; what is not named keeps its default. */
const rates = z
  .string()
  .regex(/^((principal|tenant|source)=[1-9]\d{0,5}\/[1-9]\d{0,5}(,|$))+$/, "name=perSecond/burst, with commas")
  .transform((text) => {
    const own = text.split(",").map((part) => {
      const [name = "", perSecond, burst] = part.split(/[=/]/);
      return [name, { perSecond: Number(perSecond), burst: Number(burst) }];
    });
    return { ...rateLimits, ...(Object.fromEntries(own) as Partial<Record<RateName, Rate>>) };
  });

export const environmentSchema = z.object({
  /** Names everything that this installation owns: `steward-{stage}-…`. */
  STEWARD_STAGE: z.string().regex(/^[a-z][a-z0-9-]{0,20}$/, "lower-case letters, digits and hyphens, at most 21"),
  /** The AWS account: it is part of the buckets' names. */
  STEWARD_ACCOUNT: z.string().regex(/^\d{12}$/, "the twelve digits of the account"),
  /** Domain names of the doors, without port; several with commas. */
  STEWARD_API_DOMAINS: hostList,
  STEWARD_NODES_DOMAINS: hostList,
  /** Where people call. */
  STEWARD_API_URL: z.url(),
  /** Where the dashboard is; absent: beside the API, as it is locally. */
  STEWARD_DASHBOARD_URL: z.url().optional(),
  /** Where enrolled machines call. */
  STEWARD_NODES_URL: z.url(),
  /** Hold answers to their schemas. */
  STEWARD_CHECK_ANSWERS: z.stringbool().default(false),
  /** Other rates than the defaults: for an installation on one machine, and for tests. */
  STEWARD_RATE_LIMITS: rates.optional().transform((own) => own ?? rateLimits),
  /**
   * `host:port` of what runs on this machine and may be fetched like an address on the internet, without TLS: for the local
   * installation and its tests. Nothing on AWS sets it.
   */
  STEWARD_OUTSIDE_HOSTS: hostList.optional(),
  /** Who notices by e-mail come from: an address that SES may send as. Absent: none are sent. */
  STEWARD_MAIL_FROM: z.email().optional(),
  /** Another address of the Claude API, for tests and proxies. */
  STEWARD_ANTHROPIC_URL: z.url().optional(),
  STEWARD_CLAUDE_MODEL: z.string().min(1).default("claude-sonnet-5-5"),
  /** Seconds within which a worker is started when jobs wait; absent: nobody starts one. */
  /** Machines that SSM may be asked to call in this account and region. More than 1,000 cost money. */
  STEWARD_SSM_NODES: z.coerce.number().int().min(0).max(100_000).default(1_000),
  STEWARD_WORKER_START_SECONDS: z.coerce.number().int().min(1).max(3600).optional(),
  /** Seconds until a job fails, whatever holds it; by default what its lane promises. */
  STEWARD_JOB_DEADLINE_SECONDS: z.coerce.number().int().min(1).max(3600).optional(),
  /** Seconds for which a worker holds a job without a token. */
  STEWARD_LEASE_SECONDS: z.coerce.number().int().min(1).max(600).optional(),
  /** Address of the cloud's services; AWS itself where it is absent. Read by the SDK too. */
  AWS_ENDPOINT_URL: z.url().optional(),
  AWS_REGION: z.string().min(1),
});
export type Environment = z.infer<typeof environmentSchema>;

let environment: Environment | undefined;

/** The function's configuration. Throws one error with every problem. */
export function env(): Environment {
  environment ??= parseEnvironment(process.env);
  return environment;
}

export function parseEnvironment(source: Readonly<Record<string, string | undefined>>): Environment {
  const parsed = environmentSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The function's environment is not right:\n${problems.join("\n")}`);
}
