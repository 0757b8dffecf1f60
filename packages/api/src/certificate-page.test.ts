import { expect, test } from "vitest";
import { isOurs } from "./certificate-page.ts";

const deps = { apiUrl: "https://api.steward.example/x", dashboardUrl: "https://steward.example" };

test("the form may come from the API's address and the dashboard's, and from nowhere else", () => {
  for (const origin of ["https://api.steward.example", "https://steward.example"]) {
    expect(isOurs(deps, origin)).toBe(true);
  }
  for (const origin of [
    "null",
    "http://steward.example",
    "https://steward.example:8443",
    "https://www.steward.example",
    "https://steward.example.evil.example",
    "https://evil.example",
  ]) {
    expect(isOurs(deps, origin), origin).toBe(false);
  }
});
