import type { AppDeps } from "./app-deps.ts";
import { securityHeaders } from "./security-headers.ts";

/**
 * Where a person whose browser has a certificate signs in: a form that goes to the nodes door, where the browser shows it.
 * No script, no data.
 */
export function certificatePage(nodesUrl: string): string {
  const action = new URL("/api/v1/certificate-session", nodesUrl).href;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Steward: sign in with a certificate</title>
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<main>
<h1>Sign in with your certificate</h1>
<p>Your browser asks which certificate to show. You get one with <code>steward cert issue --user</code>.</p>
<form method="post" action="${action.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}"><button type="submit">Sign in</button></form>
</main>
</body>
</html>
`;
}

/**
 * The form leads to the nodes door, and its answer to the dashboard: a browser holds the whole way to `form-action`. The
 * origin has to go along, which the door asks for; where we are otherwise says nothing of ourselves.
 */
export function certificatePageHeaders(
  deps: Pick<AppDeps, "dashboardUrl"> & { installation: { nodesUrl: string } },
): Record<string, string> {
  const targets = [deps.installation.nodesUrl, deps.dashboardUrl].map((url) => new URL(url).origin);
  const policy = securityHeaders["content-security-policy"] ?? "";
  return {
    "content-security-policy": policy.replace("form-action 'none'", `form-action 'self' ${targets.join(" ")}`),
    "referrer-policy": "strict-origin",
  };
}

/** Whether a page of that origin is one of ours: this form is at the API's own address, and at the dashboard's. */
export function isOurs(deps: Pick<AppDeps, "apiUrl" | "dashboardUrl">, origin: string): boolean {
  return [deps.apiUrl, deps.dashboardUrl].some((url) => new URL(url).origin === origin);
}
