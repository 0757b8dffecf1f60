import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { holdsSecret } from "./redact.ts";
import { findSpokenSecrets } from "./spoken-secret.ts";

const ordinary = [
  "reset the password of john",
  "reset john's password and send it to him",
  "change the password of anna to something new",
  "change the password of anna to a random one",
  "john has forgotten his password",
  "the password of john is wrong",
  "the password is expired, please renew it",
  "does the password of john expire?",
  "set a password policy for all users",
  "users must change their passwords every 90 days",
  "add user john without a password",
  "the mail password for anna is not working",
  "what is the password of the wifi?",
  "share the folder secrets with anna",
  "create a samba share called passwords",
  "open port 443 for the token service",
  "restart the cookie service",
  "point key.home.example to 192.168.1.20",
  "add user keyla to group video",
  "setze das Passwort von anna zurück",
  "why can john not sign in with his password?",
  "add a dns record pin A 192.168.1.5",
];
const words = fc.constantFrom(
  "hunter",
  "Sommer2026",
  "correcthorse",
  "x1!",
  "geheim",
  "S3cr3t&Co",
  "qwertz",
  "changeme",
  "p@ss",
);
const sayings = fc.constantFrom<(secret: string) => string>(
  (secret) => `set the password of john to ${secret}`,
  (secret) => `set john's password to ${secret}, please`,
  (secret) => `set the Samba password for user john to "${secret}"`,
  (secret) => `the new password should be ${secret}`,
  (secret) => `password: ${secret}`,
  (secret) => `PASSWORD=${secret}`,
  (secret) => `add user john with password ${secret}`,
  (secret) => `add user john and password ${secret}`,
  (secret) => `john's password is ${secret}.`,
  (secret) => `use “${secret}” as his password`,
  (secret) => `setze das Passwort von john auf ${secret}`,
  (secret) => `das Kennwort lautet ${secret}`,
);

describe("a password in a sentence", () => {
  it("is found, whatever is asked with it, and just the password", () => {
    fc.assert(
      fc.property(sayings, words, fc.constantFrom("", "restart samba. ", "please "), (say, secret, before) => {
        const sentence = before + say(secret);
        expect(holdsSecret(sentence), sentence).toBe(true);
        const spoken = findSpokenSecrets(sentence).map(({ start, end }) => sentence.slice(start, end));
        expect(spoken, sentence).toContain(secret);
      }),
      { numRuns: 500 },
    );
  });

  it.each(ordinary)("is not seen in: %s", (sentence) => {
    expect(findSpokenSecrets(sentence).map(({ start, end }) => sentence.slice(start, end))).toEqual([]);
    expect(holdsSecret(sentence)).toBe(false);
  });

  it("a reference is none: it says where the secret is", () => {
    expect(holdsSecret("set the password of john to {secret:mail/john}")).toBe(false);
    expect(holdsSecret("secret:wifi-key")).toBe(false);
    expect(holdsSecret("secret:wifi-key@0b0e3a9c-7f0e-4d5e-9a57-000000000001")).toBe(false);
    expect(holdsSecret("secret:Hunter2-and-more")).toBe(true);
    expect(holdsSecret("the secret:hunter2-and-more")).toBe(true);
  });
});
