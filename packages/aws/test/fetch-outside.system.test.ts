import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { fetchOutside, type OutsideDeps, type OutsideRequest } from "@steward/aws/outside/fetch-outside";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { createTestCa, type TestCa } from "../../node-client/test/support/test-ca.ts";

/** Real servers on this machine, which the installation lists; names are resolved by what the test says. */

const limits: OutsideRequest = { maxBytes: 1_000, timeoutMs: 2_000 };
const open: { server: Server; sockets: Set<Socket> }[] = [];
let ca: TestCa;

beforeAll(async () => {
  ca = await createTestCa();
});
afterEach(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  }
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  open.push({ server, sockets });
  return (server.address() as AddressInfo).port;
}

async function httpServer(answer: http.RequestListener) {
  const port = await listening(http.createServer(answer));
  return { url: `http://127.0.0.1:${port}/`, deps: { listedHosts: new Set([`127.0.0.1:${port}`]) } };
}

/** A server that sends these bytes, whatever it is asked. */
async function rawServer(talk: (socket: Socket) => void) {
  const port = await listening(createServer(talk));
  return { url: `http://127.0.0.1:${port}/`, deps: { listedHosts: new Set([`127.0.0.1:${port}`]) } };
}

const fetching = async (url: string, deps: OutsideDeps, request: Partial<OutsideRequest> = {}) =>
  fetchOutside(url, { ...limits, ...request }, deps);

describe("an answer", () => {
  test("comes with status, headers and body, and without cookies", async () => {
    const { url, deps } = await httpServer((request, response) => {
      response.writeHead(404, { "x-seen": `${request.method} ${request.headers["x-mine"]}`, "set-cookie": "a=b" });
      request.pipe(response);
    });
    const answer = await fetching(url, deps, { method: "POST", headers: { "x-mine": "1" }, body: "hello" });
    expect(answer.status).toBe(404);
    expect(answer.headers).toMatchObject({ "x-seen": "POST 1" });
    expect(answer.headers).not.toHaveProperty("set-cookie");
    expect(Buffer.from(answer.body).toString()).toBe("hello");
  });

  test("of exactly the allowed size is taken, one byte more is refused", async () => {
    const { url, deps } = await httpServer((_request, response) => response.end("x".repeat(1_000)));
    expect((await fetching(url, deps)).body.length).toBe(1_000);
    await expect(fetching(url, deps, { maxBytes: 999 })).rejects.toMatchObject({ code: "unprocessable" });
  });

  test("without end and without announced length is cut while it comes in", async () => {
    let sent = 0;
    const { url, deps } = await httpServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) sent += 16_384;
      };
      response.on("drain", more);
      more();
    });
    await expect(fetching(url, deps)).rejects.toMatchObject({
      code: "unprocessable",
      message: "127.0.0.1 answers with more than 1000 bytes",
    });
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  test("that unpacks to a thousand times its size is not unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(500_000));
    const seen: unknown[] = [];
    const { url, deps } = await httpServer((request, response) => {
      seen.push(request.headers["accept-encoding"]);
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    });
    await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unprocessable", message: /compressed/ });
    expect(seen).toEqual(["identity"]);
  });

  test("with 20 KB of headers is refused", async () => {
    const { url, deps } = await httpServer((_request, response) =>
      response.writeHead(200, { "x-large": "x".repeat(20_000) }).end(),
    );
    await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unprocessable" });
  });

  test("that is no HTTP is refused", async () => {
    const { url, deps } = await rawServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unprocessable" });
  });

  test("that is cut off is no answer", async () => {
    const { url, deps } = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"));
    await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unavailable" });
  });

  test.each([301, 302, 303, 307, 308])(
    "with status %i is refused, and where it leads is not called",
    async (status) => {
      const called: string[] = [];
      const { url, deps } = await httpServer((request, response) => {
        called.push(request.url ?? "");
        response.writeHead(status, { location: "/elsewhere" }).end();
      });
      await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unprocessable", message: /redirect/ });
      expect(called).toEqual(["/"]);
    },
  );
});

describe("a server that is slow", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["says nothing", () => undefined],
    ["sends a header now and then", (socket) => trickle(socket, "HTTP/1.1 200 OK\r\nx-a: ", "b")],
    ["sends a byte of the body now and then", (socket) => trickle(socket, "HTTP/1.1 200 OK\r\n\r\n", "b")],
    ["announces an answer for ever", (socket) => trickle(socket, "", "HTTP/1.1 102 Processing\r\n\r\n")],
  ])("%s: it is left when the time is over", async (_what, talk) => {
    const { url, deps } = await rawServer(talk);
    const startedMs = performance.now();
    await expect(fetching(url, deps, { timeoutMs: 200 })).rejects.toMatchObject({
      code: "unavailable",
      message: "127.0.0.1 did not answer in time",
      retryAfterSeconds: 60,
    });
    expect(performance.now() - startedMs).toBeGreaterThan(190);
  });

  test("a resolver that never answers is left when the time is over", async () => {
    const resolve = async () => new Promise<never>(() => undefined);
    await expect(fetching("https://slow.example.com/", { resolve }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

function trickle(socket: Socket, head: string, part: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(part), 20);
  socket.on("close", () => clearInterval(timer)).on("error", () => undefined);
}

describe("a name", () => {
  const name = "https://rebinding.example.com";

  test.each([
    ["127.0.0.1"],
    ["10.0.0.1"],
    ["169.254.169.254"],
    ["100.64.0.1"],
    ["0.0.0.0"],
    ["::1"],
    ["fd00:ec2::254"],
    ["::ffff:127.0.0.1"],
    ["64:ff9b::7f00:1"],
    ["2002:7f00:1::1"],
  ])("that leads to %s is refused, alone and among public ones, and nobody is called", async (address) => {
    let called = 0;
    const port = await listening(createServer(() => (called += 1)));
    const family = address.includes(":") ? 6 : 4;
    for (const addresses of [[address], ["93.184.215.14", address]]) {
      const resolve = async () => addresses.map((one) => ({ address: one, family: one === address ? family : 4 }));
      await expect(fetching(`${name}:${port}/`, { resolve })).rejects.toMatchObject({
        code: "unprocessable",
        message: "rebinding.example.com has no address on the public internet",
      });
    }
    expect(called).toBe(0);
  });

  test("that does not exist is refused in the same words", async () => {
    const resolve = async () => Promise.reject(Object.assign(new Error("queryA ENOTFOUND"), { code: "ENOTFOUND" }));
    await expect(fetching(`${name}/`, { resolve })).rejects.toMatchObject({
      code: "unprocessable",
      message: "rebinding.example.com has no address on the public internet",
    });
  });

  test("that is public when looked at and private a moment later reaches nobody here", async () => {
    let called = 0;
    const port = await listening(createServer(() => (called += 1)));
    const asked: string[] = [];
    const answers = ["8.8.8.8"];
    const resolve = async (host: string) => {
      asked.push(host);
      return [{ address: answers.shift() ?? "127.0.0.1", family: 4 }];
    };
    await expect(fetching(`${name}:${port}/`, { resolve }, { timeoutMs: 500 })).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(asked).toEqual(["rebinding.example.com"]);
    expect(called).toBe(0);
  });

  test("of this installation's own is called at the address that was looked at, resolved once", async () => {
    const { url, deps } = await httpServer((request, response) => response.end(request.headers.host));
    const { port } = new URL(url);
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [{ address: asked === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }];
    };
    const listedHosts = new Set([...deps.listedHosts, `oidc.test:${port}`]);
    const answer = await fetching(`http://oidc.test:${port}/`, { resolve, listedHosts });
    expect(Buffer.from(answer.body).toString()).toBe(`oidc.test:${port}`);
    expect(asked).toBe(1);
  });

  test("of this installation's own leads to this machine or nowhere", async () => {
    const listedHosts = new Set(["oidc.test:4444"]);
    for (const address of ["169.254.169.254", "10.0.0.1", "8.8.8.8"]) {
      const resolve = async () => [{ address, family: 4 }];
      await expect(fetching("http://oidc.test:4444/", { resolve, listedHosts })).rejects.toMatchObject({
        code: "unprocessable",
      });
    }
  });
});

describe("TLS", () => {
  async function secureServer() {
    const port = await listening(https.createServer(await ca.serverPair(), (_request, response) => response.end("hi")));
    const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
    const of = (host: string) => ({
      url: `https://${host}:${port}/`,
      deps: { resolve, listedHosts: new Set([`${host}:${port}`]) },
    });
    return of;
  }

  test("a certificate of a trusted authority for this name is accepted", async () => {
    const { url, deps } = (await secureServer())("localhost");
    const answer = await fetching(url, { ...deps, ca: ca.pem });
    expect(Buffer.from(answer.body).toString()).toBe("hi");
  });

  test("one of another authority is refused, whatever the environment says", async () => {
    const { url, deps } = (await secureServer())("localhost");
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      await expect(fetching(url, deps)).rejects.toMatchObject({ code: "unprocessable", message: /certificate/ });
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("one for another name is refused", async () => {
    const { url, deps } = (await secureServer())("login.example.com");
    await expect(fetching(url, { ...deps, ca: ca.pem })).rejects.toMatchObject({
      code: "unprocessable",
      message: "the certificate of login.example.com is not accepted",
    });
  });

  test("a server without TLS is refused", async () => {
    const port = await listening(createServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n")));
    const deps = { listedHosts: new Set([`127.0.0.1:${port}`]) };
    await expect(fetching(`https://127.0.0.1:${port}/`, deps)).rejects.toMatchObject({ code: "unprocessable" });
  });

  test("a server that accepts and never shakes hands is left", async () => {
    const port = await listening(createServer(() => undefined));
    const deps = { listedHosts: new Set([`127.0.0.1:${port}`]) };
    await expect(fetching(`https://127.0.0.1:${port}/`, deps, { timeoutMs: 200 })).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

test("a proxy of the environment is not asked", async () => {
  let asked = 0;
  const proxy = await listening(createServer(() => (asked += 1)));
  const { url, deps } = await httpServer((_request, response) => response.end("direct"));
  const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "NODE_USE_ENV_PROXY"];
  for (const name of names) process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : `http://127.0.0.1:${proxy}`;
  try {
    expect(Buffer.from((await fetching(url, deps)).body).toString()).toBe("direct");
  } finally {
    for (const name of names) delete process.env[name];
  }
  expect(asked).toBe(0);
});

test("nobody listening is told as such, without the address", async () => {
  const port = await listening(createServer());
  const closing = open.pop();
  closing?.server.close();
  const listedHosts = new Set([`oidc.test:${port}`]);
  const resolve = async () => [{ address: "127.0.0.1", family: 4 }];
  await expect(fetching(`http://oidc.test:${port}/`, { resolve, listedHosts })).rejects.toMatchObject({
    code: "unavailable",
    message: "oidc.test could not be reached",
  });
});

test.each(["Host", "Cookie", "Content-Length", "Proxy-Authorization", "Transfer-Encoding"])(
  "the header %s is not the caller's to set",
  async (name) => {
    const { url, deps } = await httpServer((_request, response) => response.end());
    await expect(fetching(url, deps, { headers: { [name]: "x" } })).rejects.toMatchObject({ code: "internal" });
  },
);
