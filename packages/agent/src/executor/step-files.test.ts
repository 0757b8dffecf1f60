import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument, visit } from "yaml";
import type { StepRequest } from "./executor.ts";
import { parseFacts } from "./facts.ts";
import { variablesFile } from "./step-files.ts";

const step: StepRequest = {
  runId: "run-1",
  attempt: 1,
  stepIndex: 0,
  actionId: "users.add",
  playbook: "users_add",
  bundleDir: "/nowhere",
  variables: {},
  mode: "apply",
  verbosity: 0,
  timeoutSeconds: 60,
};

test("every string is unsafe and comes back as it was, whatever it holds", () => {
  const text = fc.oneof(
    fc.uint16Array().map((units) => String.fromCharCode(...units)),
    fc.constantFrom("{{ x }}", "!unsafe", "a: b", "- x", "null", "1", "\n"),
  );
  const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 4 }));
  const names = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,10}$/);
  fc.assert(
    fc.property(fc.dictionary(names, value), fc.dictionary(names, text), (variables, secrets) => {
      const document = parseDocument(variablesFile({ ...step, variables, secrets }), { logLevel: "silent" });
      expect(document.toJS().values).toEqual({ ...variables });
      expect(document.toJS().secrets).toEqual({ ...secrets });
      visit(document, {
        Scalar(key, node) {
          if (key !== "key" && typeof node.value === "string") expect(node.tag).toBe("!unsafe");
        },
      });
    }),
  );
});

test("facts are data: what is odd or too long is cut or left out", () => {
  const facts = parseFacts(
    `hostname box\nuser john\nuser anna\nuser john\nversion os Debian 12\n__proto__ x\nconstructor y\nnonsense\nservice ${"x".repeat(100)}\nsetup dns.server.setup\ndomain home.example\n`,
  );
  expect(facts).toEqual({
    hostname: "box",
    users: ["anna", "john"],
    groups: [],
    shares: [],
    services: ["x".repeat(64)],
    domains: ["home.example"],
    mailDomains: [],
    mailboxes: [],
    setups: ["dns.server.setup"],
    versions: { os: "Debian 12" },
  });
});
