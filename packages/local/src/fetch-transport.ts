import { AppError } from "@steward/contracts/errors";
import type { Transport } from "@steward/contracts/client";

/** The typed client over `fetch`. An answer that is cut off in the middle is no answer. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: "error",
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    return {
      status: response.status,
      text: async () => text,
      header: (name) => response.headers.get(name) ?? undefined,
    };
  } catch (cause) {
    throw new AppError("unavailable", `no answer from ${new URL(url).origin}`, { cause });
  }
};
