import { setTimeout as delay } from "node:timers/promises";
import type { LoginOptions } from "@steward/contracts/session";
import { z } from "zod";
import { requireEncrypted } from "./connection.ts";
import { CliError, exitCodes } from "./exit-codes.ts";
import type { Ui } from "./ui.ts";
import { visible } from "./text/visible.ts";

/*
 * The device flow (RFC 8628): the person signs in at the issuer with any browser, this program waits for it and gets an
 * ID token. Steward sees the ID token and nothing else.
 */

type Issuer = LoginOptions["issuers"][number];

const discoverySchema = z.looseObject({
  issuer: z.string(),
  device_authorization_endpoint: z.url().optional(),
  token_endpoint: z.url(),
});
const deviceSchema = z.looseObject({
  device_code: z.string().min(1),
  user_code: z.string().min(1).max(100),
  verification_uri: z.url({ protocol: /^https?$/ }),
  verification_uri_complete: z.url({ protocol: /^https?$/ }).optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().max(60).default(5),
});
const tokenSchema = z.looseObject({ id_token: z.string().min(1) });
const refusalSchema = z.looseObject({ error: z.string(), error_description: z.string().optional() });

const requestTimeoutMs = 15_000;
const maxBytes = 256 * 1024;

/** Asks the person to sign in at the issuer, and waits until that is done. Answers with the ID token. */
export async function deviceFlow(issuer: Issuer, ui: Pick<Ui, "hint" | "paint" | "progress">): Promise<string> {
  const found = await ask(`${issuer.url.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const discovery = discoverySchema.safeParse(found.body);
  if (found.status !== 200 || !discovery.success || discovery.data.issuer !== issuer.url) {
    throw failed(`${issuer.url} does not describe itself as that issuer`, "Is the issuer's address right?");
  }
  const { device_authorization_endpoint: deviceEndpoint, token_endpoint: tokenEndpoint } = discovery.data;
  if (deviceEndpoint === undefined) {
    throw failed(`${issuer.name} has no sign-in for command lines`, "Sign in with a one-time link instead.");
  }
  const answer = await ask(deviceEndpoint, { client_id: issuer.clientId, scope: "openid" });
  const device = deviceSchema.safeParse(answer.body);
  if (answer.status !== 200 || !device.success)
    throw failed(`${issuer.name} did not start a sign-in`, whyOf(answer.body));
  const { verification_uri: plain, verification_uri_complete: whole, user_code: code } = device.data;
  ui.hint(`Sign in at ${issuer.name}, with any browser:\n`);
  ui.hint(`  ${ui.paint.bold(visible(whole ?? plain))}\n`);
  ui.hint(`The code there must be ${ui.paint.bold(visible(code))}.`);
  const stop = ui.progress(`Waiting for you to sign in at ${visible(issuer.name)}`);
  try {
    return await poll(issuer, tokenEndpoint, device.data);
  } finally {
    stop();
  }
}

async function poll(issuer: Issuer, tokenEndpoint: string, device: z.output<typeof deviceSchema>): Promise<string> {
  const endMs = Date.now() + device.expires_in * 1000;
  let intervalMs = device.interval * 1000;
  while (Date.now() < endMs) {
    await delay(intervalMs);
    const answer = await ask(tokenEndpoint, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: device.device_code,
      client_id: issuer.clientId,
    }).catch(() => undefined);
    // No connection: asked again, more slowly (RFC 8628, 3.5).
    if (answer === undefined) {
      intervalMs = Math.min(intervalMs * 2, 60_000);
      continue;
    }
    if (answer.status === 200) {
      const token = tokenSchema.safeParse(answer.body);
      if (token.success) return token.data.id_token;
      throw failed(`${issuer.name} gave no ID token`, "Its client must allow the scope openid.");
    }
    const refusal = refusalSchema.safeParse(answer.body);
    const error = refusal.success ? refusal.data.error : `status ${answer.status}`;
    if (error === "authorization_pending") continue;
    if (error !== "slow_down")
      throw failed(`${issuer.name} refused the sign-in: ${visible(error)}`, whyOf(answer.body));
    intervalMs += 5_000;
  }
  throw failed("Nobody signed in in time", "Start again.");
}

/** GET, or POST of a form. No redirects, a deadline, and an end to how much is read. */
async function ask(url: string, form?: Record<string, string>): Promise<{ status: number; body: unknown }> {
  requireEncrypted(url);
  let response: Response;
  try {
    response = await fetch(url, {
      ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
      headers: { accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      if (text.length > maxBytes) throw new Error("too large");
    }
    return { status: response.status, body: parse(text) };
  } catch (cause) {
    throw new CliError(exitCodes.unreachable, `${new URL(url).origin} cannot be reached`, { cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function whyOf(body: unknown): string | undefined {
  const refusal = refusalSchema.safeParse(body);
  return refusal.success ? visible(refusal.data.error_description ?? refusal.data.error) : undefined;
}

function failed(message: string, next?: string): CliError {
  return new CliError(exitCodes.failed, message, next === undefined ? {} : { next });
}
