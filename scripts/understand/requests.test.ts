import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogue } from "@steward/catalogue/catalogue";
import { checkValue } from "@steward/core/planning/variable-values";
import { describe, expect, it } from "vitest";
import { loadRequests, type Request } from "./requests.ts";

const requests = loadRequests();
const plans = (request: Request) => request.right.flatMap((one) => ("plan" in one ? [one.plan] : []));

describe("the requests of the benchmark", () => {
  it("are as many and as mixed as docs/understanding.md says", () => {
    const expecting = (kind: string) => requests.filter(({ right: [first] }) => kind in first);
    expect(expecting("plan").length).toBeGreaterThanOrEqual(300);
    expect(requests.filter(({ mayAct, family }) => !mayAct && family !== "hostile").length).toBeGreaterThanOrEqual(100);
    expect(requests.filter(({ family }) => family === "hostile").length).toBeGreaterThanOrEqual(100);
    expect(expecting("ask").length).toBeGreaterThanOrEqual(40);
    for (const language of ["de", "es", "fr"]) {
      expect(requests.filter((one) => one.language === language).length).toBeGreaterThanOrEqual(15);
    }
    expect(Math.max(...requests.flatMap(plans).map((steps) => steps.length))).toBe(10);
    const share = requests.filter(({ heldOut }) => heldOut).length / requests.length;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.42);
  });

  it("have an id and a text each", () => {
    expect(new Set(requests.map(({ id }) => id)).size).toBe(requests.length);
    expect(new Set(requests.map(({ text, facts }) => JSON.stringify([text, facts]))).size).toBe(requests.length);
  });

  it("come to every action that words may lead to, and to no other", () => {
    const found = new Set(requests.flatMap(plans).flatMap((steps) => steps.map(({ action }) => action)));
    const spoken = catalogue.filter(({ byNameOnly }) => byNameOnly !== true).map(({ id }) => id);
    expect([...found].toSorted()).toEqual(spoken.toSorted());
  });

  it("expect values that the catalogue takes, and questions for variables that it has", () => {
    for (const request of requests) {
      for (const step of plans(request).flat()) {
        const action = catalogue.find(({ id }) => id === step.action);
        for (const [name, value] of Object.entries(step.variables)) {
          expect(action !== undefined && checkValue(action, name, value), `${request.id} ${name}`).toMatchObject({
            ok: true,
          });
        }
      }
      for (const one of request.right) {
        if (!("ask" in one)) continue;
        const asks = catalogue.filter(({ id }) => one.for === undefined || one.for === id);
        expect(
          asks.some(({ variables }) => one.ask in variables.shape),
          request.id,
        ).toBe(true);
      }
      if (!request.mayAct) expect(plans(request), request.id).toEqual([]);
    }
  });

  it("occur nowhere else in the repository", () => {
    const examples = new Set(catalogue.flatMap((action) => action.examples.map(asPhrase)));
    const texts = textsOfRepository();
    const quoted = new Set(
      texts.flatMap((text) => [...text.matchAll(/(["'`])([^"'`\n]+)\1/g)].map((m) => words(m[2]))),
    );
    const byBeginning = Map.groupBy(
      requests.filter(({ text }) => words(text).split(" ").length >= 3),
      ({ text }) => words(text).split(" ").slice(0, 3).join(" "),
    );
    const found = requests.filter((one) => quoted.has(words(one.text)) || examples.has(asPhrase(withSlots(one))));
    for (const text of texts) {
      const all = words(text).split(" ");
      for (let at = 0; at + 2 < all.length; at += 1) {
        const begun = byBeginning.get(`${all[at]} ${all[at + 1]} ${all[at + 2]}`) ?? [];
        for (const one of begun) {
          const own = words(one.text).split(" ");
          if (own.every((word, k) => all[at + k] === word)) found.push(one);
        }
      }
    }
    expect([...new Set(found.map(({ id, text }) => `${id} ${text}`))]).toEqual([]);
  });
});

/** What people say is the same in any case, and with any signs between the words. */
function words(text = ""): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, " ")
    .trim();
}

/** A request with its values taken out, as the catalogue's examples are written. */
function withSlots(request: Request): string {
  const values = plans(request).flatMap((steps) =>
    steps.flatMap(({ variables }) => Object.values(variables).flat().map(String)),
  );
  return values.reduce((text, value) => text.replaceAll(value, "{}"), request.text);
}

function asPhrase(example: string): string {
  return words(example.replace(/\{\w*\}/g, " slot0 "));
}

function textsOfRepository(): string[] {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  return ["packages", "test", "docs", "scripts", "stacks", "infra", "README.md", "CONTRIBUTING.md"].flatMap((top) =>
    filesBelow(join(root, top)).map((file) => readFileSync(file, "utf8")),
  );
}

function filesBelow(path: string): string[] {
  if (/\.(?:ts|tsx|md|json|ya?ml)$/.test(path)) return [path];
  if (/\.\w+$|node_modules|dist$/.test(path)) return [];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() || /\.(?:ts|tsx|md|json|ya?ml)$/.test(entry.name) ? filesBelow(join(path, entry.name)) : [],
  );
}
