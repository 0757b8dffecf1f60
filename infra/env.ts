import { z } from "zod";
import { certificateArn, domainName, hostedZoneId, region, type StageSettings } from "./stage-settings.ts";

const schema = z
  .object({
    /** Where a personal stage is. */
    AWS_REGION: region.default("eu-central-1"),
    /** `jane.example.com`: its dashboard, with `api.` and `nodes.` before it. Absent: AWS's own addresses, no nodes door. */
    STEWARD_DOMAIN: domainName.optional(),
    /** Of the region, for `api.` and `nodes.` (a wildcard, or both names). */
    STEWARD_CERTIFICATE_ARN: certificateArn.optional(),
    /** Of us-east-1, for the dashboard. */
    STEWARD_DASHBOARD_CERTIFICATE_ARN: certificateArn.optional(),
    /** Absent: the DNS records are yours to make; the deploy prints them. */
    STEWARD_HOSTED_ZONE_ID: hostedZoneId.optional(),
  })
  .superRefine((env, context) => {
    const say = (name: string, message: string) => context.addIssue({ code: "custom", path: [name], message });
    const certificates = { STEWARD_CERTIFICATE_ARN: env.AWS_REGION, STEWARD_DASHBOARD_CERTIFICATE_ARN: "us-east-1" };
    for (const [name, home] of Object.entries(certificates)) {
      const arn = env[name as keyof typeof certificates];
      if (arn === undefined && env.STEWARD_DOMAIN !== undefined) say(name, "is needed with STEWARD_DOMAIN");
      if (arn !== undefined && env.STEWARD_DOMAIN === undefined) say(name, "is of no use without STEWARD_DOMAIN");
      if (arn !== undefined && arn.split(":")[3] !== home) say(name, `must be a certificate in ${home}`);
    }
    if (env.STEWARD_HOSTED_ZONE_ID !== undefined && env.STEWARD_DOMAIN === undefined) {
      say("STEWARD_HOSTED_ZONE_ID", "is of no use without STEWARD_DOMAIN");
    }
  });

export interface PersonalSettings {
  region: string;
  domains: StageSettings["domains"] | undefined;
}

/** What a personal stage is told by the environment of who deploys it. Throws one error with every problem. */
export function readPersonalSettings(
  source: Readonly<Record<string, string | undefined>> = process.env,
): PersonalSettings {
  const set = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The environment of your stage is not right:\n${problems.join("\n")}`);
  }
  const env = parsed.data;
  const { STEWARD_DOMAIN: domain, STEWARD_CERTIFICATE_ARN: regional, STEWARD_DASHBOARD_CERTIFICATE_ARN: global } = env;
  if (domain === undefined || regional === undefined || global === undefined) {
    return { region: env.AWS_REGION, domains: undefined };
  }
  return {
    region: env.AWS_REGION,
    domains: {
      api: { name: `api.${domain}`, certificateArn: regional },
      nodes: { name: `nodes.${domain}`, certificateArn: regional },
      dashboard: { name: domain, certificateArn: global },
      ...(env.STEWARD_HOSTED_ZONE_ID === undefined ? {} : { hostedZoneId: env.STEWARD_HOSTED_ZONE_ID }),
    },
  };
}
