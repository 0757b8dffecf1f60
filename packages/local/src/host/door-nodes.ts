import { createServer, type Server } from "node:https";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { createDoor, type DoorOptions } from "./door.ts";
import type { ClientCertificate } from "./http-event.ts";
import { listen } from "./listen.ts";
import type { ServerCertificate } from "./server-certificate.ts";

/** The `nodes.` door: mutual TLS. Nobody without a certificate of our issuer gets as far as a request. Gives its port. */
export async function openNodesDoor(
  options: Omit<DoorOptions, "door" | "hosts" | "pages"> & {
    port: number;
    serverCertificate: ServerCertificate;
    /** PEM of the issuer of nodes' certificates. */
    clientCa: string;
  },
): Promise<{ server: Server; port: number; trust: (clientCa: string) => void }> {
  const hosts: string[] = [];
  const handle = createDoor({ ...options, door: "nodes", hosts });
  // One conversion per connection: a node keeps its connection for many heartbeats.
  const certificates = new WeakMap<TLSSocket, ClientCertificate>();
  const contextOf = (clientCa: string) => ({
    cert: options.serverCertificate.certificate,
    key: options.serverCertificate.key,
    ca: clientCa,
    minVersion: "TLSv1.2" as const,
  });
  const server = createServer(
    {
      ...contextOf(options.clientCa),
      requestCert: true,
      rejectUnauthorized: true,
      requestTimeout: 60_000,
      keepAliveTimeout: 120_000,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      let certificate = certificates.get(socket);
      if (certificate === undefined) {
        // In a resumed session `raw` is there as well; without a certificate the handshake has already failed.
        certificate = clientCertificate(socket.getPeerCertificate(true));
        certificates.set(socket, certificate);
      }
      void handle(request, response, certificate);
    },
  );
  const port = await listen(server, options.port);
  hosts.push(`127.0.0.1:${port}`, `localhost:${port}`);
  // Who is connected stays so, as at API Gateway; sessions of before are not resumed.
  return { server, port, trust: (clientCa) => server.setSecureContext(contextOf(clientCa)) };
}

/** As API Gateway describes it. */
function clientCertificate(peer: DetailedPeerCertificate): ClientCertificate {
  const lines = peer.raw.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    clientCertPem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    subjectDN: nameOf(peer.subject),
    issuerDN: nameOf(peer.issuer),
    serialNumber: peer.serialNumber,
    validity: { notBefore: peer.valid_from, notAfter: peer.valid_to },
  };
}

function nameOf(name: object): string {
  return Object.entries(name)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(",");
}
