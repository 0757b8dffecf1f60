import { expect, it } from "vitest";
import { certificateIdentity } from "./callers.ts";

it("refuses a certificate that is missing, unreadable or empty, and says what to do", () => {
  for (const pem of [undefined, "", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    expect(() => certificateIdentity(pem)).toThrow(expect.objectContaining({ code: "certificate_refused" }));
  }
});
