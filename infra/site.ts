import { securityHeaders } from "@steward/api/security-headers";
import { apiPaths, cacheControl, hashedFolder } from "@steward/dashboard/site";
import type { Input, Output } from "./platform.ts";
import type { Stage } from "./stage.ts";

/** Where `npm run build` puts the dashboard. */
export const siteArtifact = "dist/dashboard";

/** CloudFront's own policies, the same in every account. */
const cachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const allViewerExceptHostHeader = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

/**
 * The dashboard, and the API beside it at the same origin, as the page has it locally: so the page needs to be told no
 * address, its rules (`connect-src 'self'`) hold as they are, and the API needs no CORS. What is no file is a page
 * (`index.html` with 200), but for what is missing below `/assets`: S3 refuses that. Gives the page's address, and the
 * record to make where the stage has no hosted zone.
 */
export function makeSite(
  stage: Stage,
  api: Input<string>,
): { url: Output<string>; dnsRecords: Record<string, Input<string>> } {
  const domain = stage.domains?.dashboard;
  const zone = stage.domains?.hostedZoneId;
  const headers = new aws.cloudfront.ResponseHeadersPolicy("DashboardHeaders", {
    name: `steward-${stage.name}-dashboard`,
    comment: "The headers that every answer of the API has",
    ...headersPolicy(pageHeaders),
  });
  const site = new sst.aws.StaticSite("Dashboard", {
    path: siteArtifact,
    // The page asks the API at its own origin, which only the CDN gives: also in `sst dev`.
    dev: false,
    assets: {
      // The last that fits counts.
      fileOptions: [
        { files: "**", cacheControl: cacheControl.named },
        { files: `${hashedFolder}/**`, cacheControl: cacheControl.hashed },
      ],
      // Whoever has had a page open since before a deploy still asks for that page's parts.
      purge: false,
    },
    ...(domain === undefined
      ? {}
      : {
          domain: {
            name: domain.name,
            cert: domain.certificateArn,
            dns: zone === undefined ? false : sst.aws.dns({ zone }),
          },
        }),
    transform: {
      // Nobody but the CDN reads it.
      assets: (args) => {
        args.cors = false;
        return undefined;
      },
      cdn: (args) => {
        args.origins = $util.output(args.origins).apply((origins) => [...origins, apiOrigin(api)]);
        args.defaultCacheBehavior = $util
          .output(args.defaultCacheBehavior)
          .apply((behaviour) => ({ ...behaviour, responseHeadersPolicyId: headers.id }));
        args.orderedCacheBehaviors = apiPaths.map((pathPattern) => ({ ...apiBehaviour, pathPattern }));
        return undefined;
      },
    },
  });
  const { cdn } = site.nodes;
  const toMake = domain !== undefined && zone === undefined && cdn !== undefined;
  return { url: site.url, dnsRecords: toMake ? { [domain.name]: cdn.nodes.distribution.domainName } : {} };
}

function apiOrigin(api: Input<string>) {
  return {
    originId: "api",
    domainName: api,
    customOriginConfig: {
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: "https-only",
      originSslProtocols: ["TLSv1.2"],
      // As long as the API itself takes at most.
      originReadTimeout: 30,
    },
  };
}

/** Everything of the caller's but `Host`: the API knows its doors by their names. Nothing is kept. */
const apiBehaviour = {
  targetOriginId: "api",
  viewerProtocolPolicy: "https-only",
  allowedMethods: ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
  cachedMethods: ["GET", "HEAD"],
  compress: true,
  cachePolicyId: cachingDisabled,
  originRequestPolicyId: allViewerExceptHostHeader,
};

/** How long a file may be kept is said of each by itself, in the bucket. */
const { "cache-control": _uncached, ...pageHeaders } = securityHeaders;

/** CloudFront wants some of these headers in words of its own, and takes them in no other. */
function headersPolicy(headers: Readonly<Record<string, string>>) {
  const own: aws.types.input.cloudfront.ResponseHeadersPolicySecurityHeadersConfig = {};
  const others: { header: string; value: string; override: boolean }[] = [];
  const override = true;
  for (const [header, value] of Object.entries(headers)) {
    switch (header) {
      case "content-security-policy":
        own.contentSecurityPolicy = { contentSecurityPolicy: value, override };
        break;
      case "referrer-policy":
        own.referrerPolicy = { referrerPolicy: value, override };
        break;
      case "strict-transport-security": {
        const seconds = /^max-age=(\d+)$/.exec(value)?.[1];
        if (seconds === undefined) throw new RangeError(`${header}: ${value} has no equal in CloudFront`);
        own.strictTransportSecurity = { accessControlMaxAgeSec: Number(seconds), override };
        break;
      }
      case "x-content-type-options":
        own.contentTypeOptions = { override };
        break;
      default:
        others.push({ header, value, override });
    }
  }
  return { securityHeadersConfig: own, customHeadersConfig: { items: others } };
}
