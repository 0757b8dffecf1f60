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
  const method = event.requestContext.http.method;
  const init: RequestInit = { method, headers };
  const bytes = bodyBytes(event);
  if (bytes.length > 0 && method !== "GET" && method !== "HEAD") init.body = bytes;
  return new Request(`https://${event.requestContext.domainName}${event.rawPath}${query}`, init);
}

export function bodyBytes(event: HttpEvent): Uint8Array<ArrayBuffer> {
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
