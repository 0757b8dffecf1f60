import { AppError } from "@steward/contracts/errors";
import type { Transport } from "@steward/contracts/client";

/** The typed client over `fetch`. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      redirect: "error",
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    throw new AppError("unavailable", `no answer from ${new URL(url).origin}`, { cause });
  }
  return {
    status: response.status,
    text: () => response.text(),
    header: (name) => response.headers.get(name) ?? undefined,
  };
};
