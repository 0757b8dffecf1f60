import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type CloudCredential, callerOf } from "./authorize.ts";
import { type Question, testAppId } from "./call-recorder.ts";
import { maxDynamoDbBodyBytes } from "./dynamodb.ts";
import type { EngineAnswer } from "./engine-client.ts";
import type { Outbox } from "./outbox.ts";
import type { S3 } from "./s3.ts";
import { element, xmlHead } from "./s3-xml.ts";
import { type Caller, type CloudContext, type Operations, ServiceError } from "./service.ts";
import {
  checkSignature,
  queryPairs,
  readSignature,
  type Signature,
  type SignatureProblem,
  sha256Hex,
} from "./sigv4.ts";
import { createSendEmail } from "./ses.ts";
import { answerSns } from "./sns.ts";
import type { Ssm } from "./ssm.ts";
import { createSessions, type Roles } from "./sessions.ts";
import { answerSts } from "./sts.ts";

export interface DispatcherOptions {
  context: CloudContext;
  credentials: CloudCredential[];
  dynamodb: (action: string, body: Buffer, caller: Caller) => Promise<EngineAnswer>;
  sqs: { operations: Operations };
  ssm: Ssm;
  kms: { operations: Operations };
  secrets: { operations: Operations };
  s3: S3;
  /** Where mail and published messages go. */
  outbox: Outbox;
  /** What may be lent by `AssumeRole`. */
  roles: Roles;
  /** `Host` values to answer to, besides our own address. */
  allowedHosts: string[];
  /** `Origin` values to answer to. A browser has no business here, so usually none. */
  allowedOrigins: string[];
  /** Hears what Steward's parts ask to do, but not what tests ask with a part's keys. */
  record: ((question: Question) => void) | undefined;
}

interface JsonService {
  /** The service's name in the signature's scope. */
  signingName: string;
  version: "1.0" | "1.1";
  maxBodyBytes: number;
}

/** By the first part of `x-amz-target`. */
const jsonServices = {
  DynamoDB_20120810: { signingName: "dynamodb", version: "1.0", maxBodyBytes: maxDynamoDbBodyBytes },
  // A message of 1 MiB, escaped character by character.
  AmazonSQS: { signingName: "sqs", version: "1.0", maxBodyBytes: 8 * 1024 * 1024 },
  AmazonSSM: { signingName: "ssm", version: "1.1", maxBodyBytes: 1024 * 1024 },
  TrentService: { signingName: "kms", version: "1.1", maxBodyBytes: 64 * 1024 },
  secretsmanager: { signingName: "secretsmanager", version: "1.1", maxBodyBytes: 512 * 1024 },
} as const satisfies Record<string, JsonService>;

const maxAgentBodyBytes = 1024 * 1024;
/** A message of 256 KiB, escaped character by character. */
const maxFormBodyBytes = 1024 * 1024;
const maxMailBodyBytes = 1024 * 1024;
/** Where SES takes a mail. */
const mailPath = "/v2/email/outbound-emails";

/** One listener for all services: who calls, with what right, and which service is meant. */
export function createDispatcher(options: DispatcherOptions): RequestListener {
  const { context } = options;
  const known = new Map(
    options.credentials.map((credential) => [
      credential.accessKeyId,
      {
        secretAccessKey: credential.secretAccessKey,
        caller: callerOf(credential, options.record),
        unrecorded: callerOf(credential),
      },
    ]),
  );
  const sessions = createSessions({ roles: options.roles, context, record: options.record });
  const operations: Record<string, Operations> = {
    AmazonSQS: options.sqs.operations,
    AmazonSSM: options.ssm.operations,
    TrentService: options.kms.operations,
    secretsmanager: options.secrets.operations,
  };

  /** What signs with this id: keys of this cloud, or those of a session, which come with its token. */
  const keyOf = (request: IncomingMessage, accessKeyId: string) => {
    const token = request.headers["x-amz-security-token"];
    if (typeof token !== "string") return known.get(accessKeyId);
    const session = sessions.find(accessKeyId, token);
    if (session === "expired") throw problemError("expired");
    return session;
  };

  /** The caller, once the signature is found right; throws what the service would say otherwise. */
  const authenticate = (
    request: IncomingMessage,
    signature: Signature,
    service: string,
    payloadHash: string,
  ): Caller => {
    const key = keyOf(request, signature.accessKeyId);
    refuseProblem(
      checkSignature(signedParts(request), signature, {
        secretAccessKey: key?.secretAccessKey,
        services: [service],
        payloadHash,
        nowMs: context.now(),
      }),
    );
    if (key === undefined) throw problemError("unknown_key");
    return isOfTest(request) ? key.unrecorded : key.caller;
  };

  const json = async (request: IncomingMessage, response: ServerResponse, target: string) => {
    const dot = target.indexOf(".");
    const prefix = target.slice(0, dot);
    const action = target.slice(dot + 1);
    const service: JsonService | undefined = Object.hasOwn(jsonServices, prefix)
      ? jsonServices[prefix as keyof typeof jsonServices]
      : undefined;
    try {
      if (service === undefined || request.method !== "POST")
        throw new ServiceError(
          "UnknownOperationException",
          `The local cloud has no service behind ${prefix || "this call"}.`,
        );
      // Read before the body is: a call without a signature gets no memory.
      const signature = signatureOf(request);
      const body = await readBody(request, service.maxBodyBytes);
      const caller = authenticate(request, signature, service.signingName, sha256Hex(body));
      if (prefix === "DynamoDB_20120810") {
        const answer = await options.dynamodb(action, body, caller);
        sendJson(response, answer.status, answer.body, service.version);
        return;
      }
      const actions = operations[prefix] ?? {};
      const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (run === undefined)
        throw new ServiceError(
          "UnknownOperationException",
          `The local cloud's ${service.signingName} does not do ${action}.`,
        );
      sendJson(response, 200, JSON.stringify(await run(parseJson(body), caller)), service.version);
    } catch (error) {
      sendJsonError(response, toServiceError(error, context), service?.version ?? "1.0");
    }
  };

  /** Our own calls, for the agents on the demo appliances. */
  const agent = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    try {
      if (request.method !== "POST") throw new ServiceError("UnknownOperationException", "POST only.", { status: 405 });
      if (path === "/_ssm/register") {
        // No signature: the activation's code is what is proved.
        const body = parseJson(await readBody(request, 16 * 1024));
        sendJson(response, 200, JSON.stringify(await options.ssm.instances.register(body)), "1.1");
        return;
      }
      const signature = signatureOf(request);
      const body = await readBody(request, maxAgentBodyBytes);
      const instance = options.ssm.instances.byAccessKey(signature.accessKeyId);
      refuseProblem(
        checkSignature(signedParts(request), signature, {
          secretAccessKey: instance?.secretAccessKey,
          services: ["ssm"],
          payloadHash: sha256Hex(body),
          nowMs: context.now(),
        }),
      );
      if (instance === undefined) throw problemError("unknown_key");
      const { commands } = options.ssm;
      if (path !== "/_ssm/poll" && path !== "/_ssm/result")
        throw new ServiceError("UnknownOperationException", `There is no ${path}.`, { status: 404 });
      const input = parseJson(body);
      const answer = path === "/_ssm/poll" ? commands.poll(instance, input) : commands.result(instance, input);
      sendJson(response, 200, JSON.stringify(await answer), "1.1");
    } catch (error) {
      sendJsonError(response, toServiceError(error, context), "1.1");
    }
  };

  const sendEmail = createSendEmail(options.outbox);

  /** SES has paths, and JSON on them. */
  const ses = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const signature = signatureOf(request);
      const body = await readBody(request, maxMailBodyBytes);
      const caller = authenticate(request, signature, "ses", sha256Hex(body));
      sendJson(response, 200, JSON.stringify(await sendEmail(parseJson(body), caller)), "1.1");
    } catch (error) {
      const { code } = toServiceError(error, context);
      response.setHeader("x-amzn-errortype", code);
      sendJsonError(response, toServiceError(error, context), "1.1");
    }
  };

  /** STS and SNS speak the older protocol: a form is asked, XML is the answer. */
  const sts = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const signature = signatureOf(request);
      const body = await readBody(request, maxFormBodyBytes);
      const form = new URLSearchParams(body.toString("utf8"));
      const isSns = form.get("Version") === "2010-03-31";
      const caller = authenticate(request, signature, isSns ? "sns" : "sts", sha256Hex(body));
      const answer = isSns ? answerSns(form, caller, options.outbox) : answerSts(form, caller, { context, sessions });
      response.writeHead(200, { "content-type": "text/xml" });
      response.end(answer);
    } catch (error) {
      sendStsError(response, stsError(toServiceError(error, context)));
    }
  };

  const objects = async (request: IncomingMessage, response: ServerResponse) => {
    const target = request.url ?? "/";
    const question = target.indexOf("?");
    try {
      const signature = signatureOf(request);
      const query = new Map(queryPairs(target));
      const claimed = request.headers["x-amz-content-sha256"] ?? query.get("X-Amz-Content-Sha256");
      const payloadHash = typeof claimed === "string" ? claimed : "UNSIGNED-PAYLOAD";
      if (!/^([0-9a-f]{64}|UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/.test(payloadHash))
        throw new ServiceError("InvalidArgument", "x-amz-content-sha256 is not a SHA-256.");
      if (signature.form === "header" && claimed === undefined)
        throw new ServiceError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
      const caller = authenticate(request, signature, "s3", payloadHash);
      const answer = await options.s3.handle({
        method: request.method ?? "GET",
        path: decodePath(question < 0 ? target : target.slice(0, question)),
        query,
        headers: request.headers,
        body: request,
        payloadHash,
        caller,
      });
      response.writeHead(answer.status, { ...answer.headers, "x-amz-request-id": randomUUID() });
      if (typeof answer.body === "object") {
        answer.body.once("error", (error) => response.destroy(error));
        response.once("close", () => typeof answer.body === "object" && answer.body.destroy());
        answer.body.pipe(response);
      } else response.end(answer.body);
    } catch (error) {
      sendXmlError(request, response, s3Error(toServiceError(error, context)));
    }
  };

  const ownHosts = () => {
    const { port } = new URL(context.endpoint());
    return new Set([`127.0.0.1:${port}`, `localhost:${port}`, ...options.allowedHosts]);
  };
  let hosts: Set<string> | undefined;

  return (request, response) => {
    hosts ??= ownHosts();
    // A name that somebody else's DNS points at us, or a page of another origin: neither gets as far as a service.
    if (!hosts.has((request.headers.host ?? "").toLowerCase())) {
      refuse(response, `The Host ${request.headers.host ?? "(none)"} is not served here. Use ${context.endpoint()}.`);
      return;
    }
    const { origin } = request.headers;
    if (origin !== undefined && !options.allowedOrigins.includes(origin)) {
      refuse(response, `Calls from pages of ${origin} are not served here.`);
      return;
    }
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const target = request.headers["x-amz-target"];
    if (path === "/_health" && request.method === "GET") sendJson(response, 200, '{"ok":true}', "1.1");
    else if (path.startsWith("/_ssm/")) void agent(request, response, path);
    else if (typeof target === "string") void json(request, response, target);
    else if (isForm(request)) void sts(request, response);
    else if (path === mailPath && request.method === "POST") void ses(request, response);
    else void objects(request, response);
  };
}

/** What S3 is never sent. */
function isForm(request: IncomingMessage): boolean {
  const type = request.headers["content-type"] ?? "";
  return request.method === "POST" && request.url === "/" && type.startsWith("application/x-www-form-urlencoded");
}

function isOfTest(request: IncomingMessage): boolean {
  return request.headers["user-agent"]?.includes(`app/${testAppId}`) === true;
}

function signedParts(request: IncomingMessage) {
  return { method: request.method ?? "", target: request.url ?? "/", headers: request.headers };
}

function signatureOf(request: IncomingMessage): Signature {
  const signature = readSignature(signedParts(request));
  if (typeof signature === "string") throw problemError(signature);
  return signature;
}

function refuseProblem(problem: SignatureProblem | undefined): void {
  if (problem !== undefined) throw problemError(problem);
}

const problems: Record<SignatureProblem, [code: string, message: string]> = {
  missing: ["MissingAuthenticationTokenException", "Request is missing Authentication Token"],
  incomplete: ["IncompleteSignatureException", "The request's signature is incomplete or malformed."],
  unknown_key: ["UnrecognizedClientException", "The security token included in the request is invalid."],
  wrong_service: ["InvalidSignatureException", "Credential should be scoped to the service that is called."],
  skewed: [
    "InvalidSignatureException",
    "Signature expired or not yet valid: the clocks differ by more than 5 minutes.",
  ],
  expired: ["ExpiredTokenException", "Request has expired"],
  unsigned_header: ["InvalidSignatureException", "The host and every x-amz- header must be signed."],
  mismatch: [
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your secret access key.",
  ],
};

class SignatureError extends ServiceError {
  readonly problem: SignatureProblem;

  constructor(problem: SignatureProblem) {
    super(problems[problem][0], problems[problem][1]);
    this.problem = problem;
  }
}

function problemError(problem: SignatureProblem): SignatureError {
  return new SignatureError(problem);
}

const s3Problems: Record<SignatureProblem, [code: string, status: number]> = {
  missing: ["AccessDenied", 403],
  incomplete: ["AuthorizationQueryParametersError", 400],
  unknown_key: ["InvalidAccessKeyId", 403],
  wrong_service: ["SignatureDoesNotMatch", 403],
  skewed: ["RequestTimeTooSkewed", 403],
  expired: ["AccessDenied", 403],
  unsigned_header: ["AccessDenied", 403],
  mismatch: ["SignatureDoesNotMatch", 403],
};

/** S3 has its own names for what all services refuse. */
function s3Error(error: ServiceError): ServiceError {
  if (error instanceof SignatureError) {
    const [code, status] = s3Problems[error.problem];
    return new ServiceError(code, error.message, { status });
  }
  if (error.code === "AccessDeniedException") return new ServiceError("AccessDenied", error.message, { status: 403 });
  if (error.code === "InternalFailure") return new ServiceError("InternalError", error.message, { status: 500 });
  return error;
}

function stsError(error: ServiceError): ServiceError {
  if (error.code !== "AccessDeniedException") return error;
  return new ServiceError("AccessDenied", error.message, { status: 403 });
}

function toServiceError(error: unknown, context: CloudContext): ServiceError {
  if (error instanceof ServiceError) return error;
  context.log(`A call failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return new ServiceError("InternalFailure", error instanceof Error ? error.message : "Unknown failure", {
    status: 500,
  });
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on("data", (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= maxBytes) pieces.push(piece);
      else {
        pieces.length = 0;
        reject(
          new ServiceError("RequestEntityTooLarge", `The request has more than ${maxBytes} bytes.`, { status: 413 }),
        );
      }
    });
    request.on("end", () =>
      resolve(pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)),
    );
    request.on("error", reject);
  });
}

function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new ServiceError("SerializationException", "The body is not JSON.");
  }
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new ServiceError("InvalidURI", "Couldn't parse the specified URI.");
  }
}

function sendJson(response: ServerResponse, status: number, body: string | Buffer, version: string): void {
  response.writeHead(status, {
    "content-type": `application/x-amz-json-${version}`,
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(body);
}

function sendJsonError(response: ServerResponse, error: ServiceError, version: string): void {
  if (error.queryCode !== undefined) response.setHeader("x-amzn-query-error", `${error.queryCode};Sender`);
  // The rest of a refused body is not worth reading.
  if (error.status === 413) response.setHeader("connection", "close");
  sendJson(
    response,
    error.status,
    JSON.stringify({ __type: error.code, message: error.message, ...error.members }),
    version,
  );
}

function sendStsError(response: ServerResponse, error: ServiceError): void {
  const parts = `<Type>Sender</Type>${element("Code", error.code)}${element("Message", error.message)}`;
  response.writeHead(error.status, {
    "content-type": "text/xml",
    // The rest of a refused body is not worth reading.
    ...(error.status === 413 ? { connection: "close" } : {}),
  });
  response.end(`<ErrorResponse><Error>${parts}</Error></ErrorResponse>`);
}

function sendXmlError(request: IncomingMessage, response: ServerResponse, error: ServiceError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const requestId = randomUUID();
  const members = Object.entries(error.members).map(([name, value]) => element(name, String(value)));
  const body =
    request.method === "HEAD"
      ? ""
      : `${xmlHead}<Error>${element("Code", error.code)}${element("Message", error.message)}${members.join("")}${element("RequestId", requestId)}</Error>`;
  response.writeHead(error.status, {
    "content-type": "application/xml",
    "x-amz-request-id": requestId,
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(body);
}

function refuse(response: ServerResponse, message: string): void {
  response.writeHead(403, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ __type: "AccessDeniedException", message }));
}
