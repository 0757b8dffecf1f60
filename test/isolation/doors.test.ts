import type { Access, Door } from "@steward/contracts/route";
import { routes } from "@steward/contracts/routes";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Installation, startInstallation } from "../support/installation.ts";
import { type Answer, createSender, type RawRequest, type Sender } from "./support/callers.ts";
import { changes, snapshot, type Snapshot } from "./support/traces.ts";

/*
 * What is in no table: other methods, the other door, and addresses that a router, a proxy or a careless comparison might
 * take for a route. As the admin of a tenant, who may do the most: none of it may reach a use case by another way in.
 */

interface Known {
  method: string;
  path: string;
  door: Door;
  access: Access;
}
const all: Known[] = Object.values(routes);
const paths = [...new Set(all.map(({ path }) => path))];
const fill = (path: string) => path.replace(/\{(\w+)\}/g, "x");
/** Routes of which this address is an instance: `/nodes/recommend` reads as a node whose id is malformed. */
const othersWith = (path: string, door: Door) =>
  all.filter(
    (route) =>
      route.door === door &&
      route.path !== path &&
      route.path === path.replace(/[^/]+$/, route.path.split("/").at(-1) ?? "") &&
      route.path.endsWith("}"),
  );

let installation: Installation;
let sender: Sender;
let before: Snapshot;
let credentials: Record<string, string>;

beforeAll(async () => {
  installation = await startInstallation({ appliances: 0, reconcileSeconds: 30_000, sweepSeconds: 30_000 });
  await installation.enrol("appliance", "acme-door-01", "acme");
  sender = createSender(installation);
  credentials = installation.stack.headersOf("acme");
  before = await snapshot(installation.table);
}, 300_000);
afterAll(async () => {
  await sender.close();
  await installation.close();
});

function send(
  request: Omit<RawRequest, "machine" | "headers"> & { headers?: Record<string, string> },
): Promise<Answer> {
  return sender.send({
    ...request,
    headers: { ...credentials, ...request.headers },
    ...(request.door === "nodes" ? { machine: "acme-door-01" } : {}),
  });
}

const codeOf = ({ text }: Answer): unknown =>
  text.startsWith("{") ? (JSON.parse(text) as { code?: unknown }).code : undefined;

/** Everything that was sent and was not refused as it must be. */
async function expectEach(
  cases: readonly { what: string; send: () => Promise<Answer>; refused: (answer: Answer) => boolean }[],
): Promise<void> {
  const wrong: string[] = [];
  for (const one of cases) {
    const answer = await one.send();
    if (!one.refused(answer)) wrong.push(`${one.what}: ${answer.status} ${answer.text.slice(0, 200)}`);
  }
  expect(wrong.slice(0, 30)).toEqual([]);
  expect(changes(before, await snapshot(installation.table))).toEqual([]);
}

const isAbsent = (answer: Answer) =>
  answer.status === 404 && ["not_found", "wrong_door"].includes(String(codeOf(answer)));

it("a known path with another method is told what is possible, and nothing happens", async () => {
  const methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"];
  await expectEach(
    paths.flatMap((path) => {
      const [{ door } = { door: "api" as const }] = all.filter((route) => route.path === path);
      const here = all.filter((route) => route.path === path && route.door === door);
      return (
        methods
          .filter((method) => here.every((route) => route.method !== method))
          // Another route may have this as an instance: POST /principals/{id} and the like.
          .map((method) => ({
            what: `${method} ${path}`,
            send: () => send({ door, method, path: fill(path) }),
            refused: (answer: Answer) =>
              othersWith(path, door).some((route) => route.method === method)
                ? answer.status === 400 && codeOf(answer) === "invalid_request"
                : answer.status === 405 &&
                  here.every((route) => String(answer.headers["allow"]).includes(route.method)),
          }))
      );
    }),
  );
});

it("HEAD is a GET without its body, and no way around a GET's rules", async () => {
  const cases = all.filter(({ method }) => method === "GET");
  const wrong: string[] = [];
  for (const { door, path } of cases) {
    const head = await sender.send({
      door,
      method: "HEAD",
      path: fill(path),
      ...(door === "nodes" ? { machine: "acme-door-01" } : {}),
    });
    const get = await sender.send({
      door,
      method: "GET",
      path: fill(path),
      ...(door === "nodes" ? { machine: "acme-door-01" } : {}),
    });
    if (head.text !== "" || (head.status !== get.status && head.status !== 405))
      wrong.push(`${path}: ${head.status}, GET ${get.status}`);
  }
  expect(wrong).toEqual([]);
});

it("every route is absent at the other door, whatever is said about the host", async () => {
  const lies: Record<string, string>[] = [
    {},
    { "x-forwarded-host": "api.localhost" },
    { "x-forwarded-host": "nodes.localhost", "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1" },
    { forwarded: "host=nodes.localhost;proto=https" },
    { "x-original-host": "nodes.localhost", "x-host": "api.localhost" },
  ];
  await expectEach(
    all.flatMap(({ method, path, door }) => {
      const other: Door = door === "api" ? "nodes" : "api";
      return lies.map((headers) => ({
        what: `${method} ${path} at ${other} with ${JSON.stringify(headers)}`,
        send: () => send({ door: other, method, path: fill(path), headers }),
        refused: isAbsent,
      }));
    }),
  );
});

it("addresses that only look like a route are none", async () => {
  const tricks: ((path: string) => string)[] = [
    (path) => `/${path}`,
    (path) => path.replace("/v1/", "//v1/"),
    (path) => path.replace("/v1/", "/./v1/"),
    (path) => path.replace("/v1/", "/v1/../v1/"),
    (path) => path.replace("/v1/", "/v2/"),
    (path) => path.replace("/v1/", "%2fv1/"),
    (path) => path.replace("/v1/", "/v1%2f"),
    (path) => path.replace("/api/", "/%61pi/"),
    (path) => path.replace("/api/", "/API/"),
    (path) => path.replace("/api/", "\\api/"),
    (path) => `${path}/`,
    (path) => `${path}//`,
    (path) => `${path}%00`,
    (path) => `${path}%20`,
    (path) => `${path};a=b`,
    (path) => `${path}.json`,
    (path) => `${path}/..;/x`,
    (path) => `/docs/..${path}`,
    (path) => `/x/..${path}`,
    (path) => `/$default${path}`,
    (path) => path.toUpperCase(),
  ];
  await expectEach(
    all
      .filter(({ path }) => path.startsWith("/api/"))
      .flatMap(({ method, path, door }) =>
        tricks.map((trick) => ({
          what: `${method} ${trick(fill(path))} at ${door}`,
          send: () => send({ door, method, path: trick(fill(path)) }),
          // A last segment that takes anything takes these as well, and finds that they name nothing.
          refused: (answer: Answer) =>
            // The local door's parser takes a backslash for no address at all.
            isAbsent(answer) ||
            (answer.status === 400 && answer.text === "") ||
            answer.status === 405 ||
            ((path.endsWith("}") || othersWith(path, door).length > 0) && [400, 403].includes(answer.status)),
        })),
      ),
  );
});

it("what overrides a method or names another address elsewhere, does nothing here", async () => {
  const overrides: Record<string, string>[] = ["x-http-method-override", "x-http-method", "x-method-override"].map(
    (name) => ({ [name]: "DELETE" }),
  );
  overrides.push({ "x-original-url": "/api/v1/tenants" }, { "x-rewrite-url": "/api/v1/tenants" });
  await expectEach(
    overrides.flatMap((headers) => [
      {
        what: `POST /api/v1/sessions with ${JSON.stringify(headers)}`,
        // As a DELETE it would sign out.
        send: () => send({ door: "api", method: "POST", path: "/api/v1/sessions", headers }),
        refused: (answer: Answer) => answer.status === 400,
      },
      {
        what: `GET /nowhere with ${JSON.stringify(headers)}`,
        send: () => send({ door: "api", method: "GET", path: "/nowhere?_method=DELETE", headers }),
        refused: isAbsent,
      },
    ]),
  );
  // The session is still there.
  expect((await send({ door: "api", method: "GET", path: "/api/v1/tenants" })).status).toBe(200);
});

it("a Host that is not ours is not served, whatever it claims", async () => {
  const { port } = new URL(installation.stack.apiUrl);
  await expectEach(
    [
      "nodes.localhost",
      "api.localhost",
      "evil.example",
      `127.0.0.1.evil.example:${port}`,
      `127.0.0.1:${port}@evil.example`,
    ].map((host) => ({
      what: `Host: ${host}`,
      send: () => send({ door: "api", method: "GET", path: "/api/v1/nodes", headers: { host } }),
      refused: (answer: Answer) => answer.status === 403 || answer.status === 400,
    })),
  );
});

it("credentials of one door are none at the other", async () => {
  const noCertificate = await sender.send({ door: "api", method: "GET", path: "/api/v1/runs", headers: credentials });
  expect(isAbsent(noCertificate)).toBe(true);
  // A token in the place of a certificate, and a header that a proxy would set for one.
  for (const headers of [
    credentials,
    { ...credentials, "x-amzn-mtls-clientcert": "x", "x-ssl-client-cert": "x", "x-client-cert": "x" },
  ]) {
    const answer = await sender.send({ door: "nodes", method: "GET", path: "/api/v1/runs", headers });
    expect(answer.status).toBe(401);
  }
});
