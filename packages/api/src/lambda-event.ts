import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from "aws-lambda";

/** An HTTP API event (payload 2.0). `authentication` is there at a mutual-TLS domain. */
export type HttpEvent = APIGatewayProxyEventV2;
export type HttpResult = APIGatewayProxyStructuredResultV2;

/** The event as a web `Request`; the host is the gateway's `domainName`, never the caller's `Host` header. */
export function requestOf(event: HttpEvent): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value);
  if (event.cookies !== undefined && event.cookies.length > 0) headers.set("cookie", event.cookies.join("; "));
  const query = event.rawQueryString === "" ? "" : `?${event.rawQueryString}`;
  const { method: asked } = event.requestContext.http;
  // A web request cannot carry these; no route has them, and the answer is the same for every method without one.
  const method = /^(connect|trace|track)$/i.test(asked) ? "UNROUTED" : asked;
  const init: RequestInit = { method, headers };
  const bytes = bodyBytes(event);
  if (bytes.length > 0 && method !== "GET" && method !== "HEAD") init.body = bytes;
  return new Request(`https://${event.requestContext.domainName}${event.rawPath}${query}`, init);
}

/**
 * Whether the address is written as routes are: nothing in it that a router would resolve or decode first (`..`, `//`,
 * `%61`). Such a one would be another address to whatever stands before us, and the same one here.
 */
export function isPlainPath({ rawPath, requestContext }: HttpEvent): boolean {
  if (/%|\\|\/\//.test(rawPath)) return false;
  return new URL(`https://${requestContext.domainName}${rawPath}`).pathname === rawPath;
}

/** As it came: a text, where it was not base64. */
export function bodyOf(event: HttpEvent): string | Uint8Array {
  return event.isBase64Encoded ? bodyBytes(event) : (event.body ?? "");
}

function bodyBytes(event: HttpEvent): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8"));
}

export async function resultOf(response: Response): Promise<HttpResult> {
  const headers: Record<string, string> = {};
  for (const [name, value] of response.headers) headers[name] = value;
  return { statusCode: response.status, headers, body: await response.text(), isBase64Encoded: false };
}

/** The PEM of the certificate that the caller showed to the TLS listener, if any. */
export function clientCertificateOf(event: HttpEvent): string | undefined {
  return event.requestContext.authentication?.clientCert.clientCertPem;
}
