import { newId } from "@steward/contracts/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasDuplicateNames } from "./duplicate-names.ts";
import { tokenIdIn, tokenText } from "./token-secret.ts";

const secret = fc.stringMatching(/^[A-Za-z0-9_-]{43}$/);

test("a token's text says its id, has a form that scanners know, and any change of it is noticed", () => {
  fc.assert(
    fc.property(secret, fc.nat(), fc.nat(35), (text, at, by) => {
      const tokenId = newId("token", Date.now());
      const whole = tokenText(tokenId, text);
      expect(whole).toMatch(/^stw_[0-9a-z]{26}_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/);
      expect(tokenIdIn(whole)).toBe(tokenId);
      const place = at % whole.length;
      const other = by.toString(36);
      const changed = whole.slice(0, place) + other + whole.slice(place + 1);
      if (changed !== whole) expect(tokenIdIn(changed)).toBeUndefined();
      expect(tokenIdIn(whole.slice(0, place))).toBeUndefined();
      expect(tokenIdIn(`${whole}x`)).toBeUndefined();
    }),
  );
});

test("JSON as it is usually written has no name twice", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(hasDuplicateNames(text)).toBe(false);
    }),
  );
});

test("a name that is there twice is found wherever it is, and however it is spelt", () => {
  const inside = fc.constantFrom(
    (text: string) => text,
    (text: string) => `[1,${text}]`,
    (text: string) => `{"a":{"b":${text}},"c":"}\\""}`,
  );
  fc.assert(
    fc.property(fc.string(), fc.json(), fc.json(), inside, (name, one, other, wrap) => {
      const first = JSON.stringify(name);
      const units = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at).toString(16).padStart(4, "0"));
      const escaped = `"${units.map((unit) => `\\u${unit}`).join("")}"`;
      const text = wrap(`{${first}:${one},"other than ${first.slice(1, -1)}":0,${escaped}:${other}}`);
      JSON.parse(text);
      expect(hasDuplicateNames(text)).toBe(true);
    }),
  );
});
