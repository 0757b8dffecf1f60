import { isIP } from "node:net";
import { AppError } from "@steward/contracts/errors";
import { isPublicAddress } from "./public-address.ts";

/** Where a URL that somebody gave leads, as far as that can be said without asking anybody. */
export interface OutsideTarget {
  url: URL;
  /** Without the brackets of IPv6. */
  host: string;
  port: number;
  secure: boolean;
  /** One of the installation's own that it lists: it may be on this machine, and nowhere else. */
  listed: boolean;
}

const maxCharacters = 2_000;
const lowestFreePort = 1_024;

/**
 * Reads a URL that somebody gave. One spelling of each address is taken, the one in which it is used: a host that the
 * URL parser would turn into another text (127.1, 0x7f000001, 017700000001, full-width digits, `%6c`, user names before
 * it, a backslash) is refused instead of being understood. Throws `unprocessable`.
 */
export function readOutsideUrl(text: string, listedHosts: ReadonlySet<string> = new Set()): OutsideTarget {
  if (text.length > maxCharacters) throw refused(`the address is longer than ${maxCharacters} characters`);
  const authority = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1]?.toLowerCase();
  if (authority === undefined || /[\0-\x20\x7f]/.test(text) || !URL.canParse(text)) {
    throw refused("this is not an address that starts with https://");
  }
  const url = new URL(text);
  const secure = url.protocol === "https:";
  const standardPort = secure ? 443 : 80;
  if (authority !== url.host && authority !== `${url.host}:${standardPort}`) {
    throw refused("the host is not written in its plain form", {
      next: "Write the name in lower-case ASCII (xn--… for others), without user name; an IP address in its usual form.",
    });
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? standardPort : Number(url.port);
  const target = { url, host, port, secure, listed: listedHosts.has(`${url.hostname}:${port}`) };
  if (target.listed) return target;
  if (!secure) throw refused("only https:// is fetched");
  if (port !== 443 && port < lowestFreePort) throw refused(`port ${port} belongs to another service than HTTPS`);
  if (isIP(host) === 0 && (!host.includes(".") || host.endsWith("."))) {
    throw refused("the host is not a full name", { next: "Give the full name, such as login.example.com." });
  }
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw noPublicAddress(host);
  return target;
}

/** Also said of a name that does not exist: nobody can learn from it which names there are on the inside. */
export function noPublicAddress(host: string): AppError {
  return refused(`${host} has no address on the public internet`, {
    next: "Give an address that anybody on the internet can reach.",
  });
}

export function refused(message: string, { next = "Give an https:// address.", cause }: Refusal = {}): AppError {
  return new AppError("unprocessable", message, { next, cause });
}

interface Refusal {
  next?: string;
  cause?: unknown;
}
