import { type Caller, createCaller, type Transport } from "@steward/contracts/caller";
import { authorizationHeader, renewAfter } from "./session.ts";
import { tenantOfCalls } from "./tenant-choice.ts";
import { send, traceHeaders } from "./transport.ts";

/** With the session's token; one that is refused before its time is renewed, and the call made again, once. */
const sendSignedIn: Transport = async (request) => {
  const answer = await send(request);
  if (answer.status !== 401) return answer;
  const { authorization } = request.headers;
  return send({ ...request, headers: { ...request.headers, authorization: await renewAfter(authorization) } });
};

const signedIn = async (): Promise<Record<string, string>> => ({
  ...traceHeaders(),
  authorization: await authorizationHeader(),
});

/**
 * Calls a route of `@steward/contracts/routes/<noun>` as whoever is signed in, about the tenant of this page. Throws
 * `AppError`. Answers are taken as they are: a tab that is older than the API keeps working when the API says more than
 * it knew.
 */
export const call: Caller = createCaller({
  baseUrl: "",
  transport: sendSignedIn,
  trustsAnswers: true,
  headers: async () => {
    const tenant = tenantOfCalls();
    return { ...(await signedIn()), ...(tenant === undefined ? {} : { "steward-tenant": tenant }) };
  },
});

/** The same about another tenant than this page's: one that was made just now, one in a list of them. */
export function callIn(tenantId: string): Caller {
  return createCaller({
    baseUrl: "",
    transport: sendSignedIn,
    trustsAnswers: true,
    headers: async () => ({ ...(await signedIn()), "steward-tenant": tenantId }),
  });
}

/** What is asked about the caller itself, in no tenant: a link to somebody else's tenant must not hide who looks at it. */
export const callAsSelf: Caller = createCaller({
  baseUrl: "",
  transport: sendSignedIn,
  trustsAnswers: true,
  headers: signedIn,
});
