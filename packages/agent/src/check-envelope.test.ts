import { newId, runIdOf } from "@steward/contracts/ids";
import { defaultRollout } from "@steward/contracts/plan";
import { proveTarget } from "@steward/contracts/targets-proof";
import { describe, expect, it } from "vitest";
import { createSignedWorld, hourMs, newKey, signDocument } from "../test/support/signed-world.ts";
import { checkEnvelope, type EnvelopeContext, type RefusalCode } from "./check-envelope.ts";
import { variableProblems } from "./check-variables.ts";

const nowMs = 1_800_000_000_000;
const world = createSignedWorld(nowMs);
const context: EnvelopeContext = {
  runId: world.runId,
  applianceId: world.applianceId,
  tenantId: world.tenantId,
  nowMs,
  trust: world.trust,
  release: world.release,
};
type Options = Parameters<typeof world.envelope>[0];
const codes = (document: unknown, changes: Partial<EnvelopeContext> = {}): RefusalCode[] => {
  const checked = checkEnvelope(document, { ...context, ...changes });
  return checked.ok ? [] : checked.refusals.map(({ code }) => code);
};
const codesOf = (options: Options, changes: Partial<EnvelopeContext> = {}) =>
  codes(world.envelope(options).document, changes);
const ping = [{ action: "system.ping", variables: {}, bundle: world.bundle, undo: "none" as const }];

describe("an appliance obeys", () => {
  it("its own signed, fresh, approved plan, with what runs read from the release", () => {
    const checked = checkEnvelope(world.envelope().document, context);
    expect(checked).toMatchObject({ ok: true, actions: [{ id: "users.add", playbook: "users_add" }] });
  });

  it("a low risk without an approval", () => {
    expect(codesOf({ steps: ping, approval: "none" })).toEqual([]);
  });

  it("a plan that a schedule's standing approval is for, whoever else is a target", () => {
    expect(codesOf({ standing: {} })).toEqual([]);
    expect(codesOf({ standing: { selector: ["all"], cap: 500 } })).toEqual([]);
  });

  it("a preview without an approval, whatever its risk would be", () => {
    expect(codesOf({ approval: "none" })).toEqual(["no_approval"]);
    expect(codesOf({ approval: "none", envelope: { mode: "check" } })).toEqual([]);
  });
});

describe("a retry and an undo", () => {
  it("are later attempts of the same plan, under the same approval", () => {
    expect(codesOf({ envelope: { attempt: 2 } })).toEqual([]);
    expect(codesOf({ envelope: { attempt: 2, operation: "undo" } })).toEqual([]);
    expect(codesOf({ steps: ping, approval: "none", envelope: { attempt: 7, operation: "undo" } })).toEqual([]);
  });
});

describe("nothing runs", () => {
  it("with any byte of the document changed", () => {
    const text = JSON.stringify(world.envelope().document);
    const accepted: number[] = [];
    for (let at = 0; at < text.length; at += 1) {
      for (const flip of [1, 32]) {
        const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ flip) + text.slice(at + 1);
        let document: unknown;
        try {
          document = JSON.parse(changed);
        } catch {
          continue;
        }
        if (checkEnvelope(document, context).ok) accepted.push(at);
      }
    }
    expect(accepted).toEqual([]);
  }, 60_000);

  it("with any byte of the signed payload changed", () => {
    const { document } = world.envelope();
    const payload = Buffer.from(document.payload, "base64");
    for (let at = 0; at < payload.length; at += 7) {
      const changed = Buffer.from(payload);
      changed.writeUInt8((payload[at] ?? 0) ^ 1, at);
      expect(codes({ ...document, payload: changed.toString("base64") })).toEqual(["not_signed"]);
    }
  });

  const stranger = newKey();
  const wrong: [string, Options, RefusalCode[]][] = [
    ["signed by a stranger", { key: stranger }, ["not_signed"]],
    ["signed with the approval key", { key: world.keys.approval }, ["not_signed"]],
    ["signed with the release key", { key: world.keys.release }, ["not_signed"]],
    ["signed as another type", { type: "steward-approval-v1" }, ["not_signed"]],
    ["to undo a run that was never tried", { envelope: { operation: "undo" } }, ["bad_undo"]],
    ["to undo a check", { envelope: { operation: "undo", attempt: 2, mode: "check" } }, ["bad_undo"]],
    [
      "to undo without the approval",
      { approval: "none", envelope: { operation: "undo", attempt: 2 } },
      ["no_approval"],
    ],
    [
      "to undo another run",
      { envelope: { operation: "undo", attempt: 2, runId: runIdOf(newId("rollout", nowMs), 1) } },
      ["other_run"],
    ],
    [
      "to undo with an approval of another plan",
      { approval: { planHash: "d".repeat(64) }, envelope: { operation: "undo", attempt: 2 } },
      ["bad_approval"],
    ],
    [
      "to undo on another appliance",
      { envelope: { operation: "undo", attempt: 2, applianceId: world.otherApplianceId } },
      ["other_appliance"],
    ],
    ["for an operation that there is not", { envelope: { operation: "redo" as "undo", attempt: 2 } }, ["malformed"]],
    ["for another run", { envelope: { runId: runIdOf(newId("rollout", nowMs), 1) } }, ["other_run"]],
    [
      "for another appliance",
      {
        envelope: {
          applianceId: world.otherApplianceId,
          targetProof: proveTarget(world.targets, world.otherApplianceId),
        },
      },
      ["other_appliance", "not_a_target"],
    ],
    ["of another tenant", { envelope: { tenantId: newId("tenant", nowMs) } }, ["other_tenant", "bad_approval"]],
    ["with a plan of another tenant", { plan: { tenantId: newId("tenant", nowMs) } }, ["other_tenant"]],
    ["whose plan does not target it", { plan: { targetsRoot: "a".repeat(64) } }, ["not_a_target"]],
    ["not valid yet", { envelope: { notBeforeMs: nowMs + 1 } }, ["not_yet_valid"]],
    ["past its expiry", { envelope: { notBeforeMs: nowMs - hourMs, expiresAtMs: nowMs } }, ["expired"]],
    ["valid for more than 24 h", { envelope: { expiresAtMs: nowMs + 24 * hourMs } }, ["valid_too_long"]],
    ["past its plan's expiry", { envelope: { planExpiresAtMs: nowMs } }, ["plan_expired"]],
    ["of an older release", { plan: { releaseVersion: 2 } }, ["other_release"]],
    ["of a newer release", { plan: { releaseVersion: 4 } }, ["other_release"]],
    [
      "with an action outside the release",
      { steps: [{ action: "shell.run", variables: {}, bundle: world.bundle, undo: "none" }] },
      ["unknown_action"],
    ],
    [
      "with a foreign bundle",
      { steps: [{ action: "system.ping", variables: {}, bundle: "c".repeat(64), undo: "none" }] },
      ["foreign_bundle"],
    ],
    [
      "that lies about its undo",
      { steps: [{ action: "users.add", variables: { username: "john" }, bundle: world.bundle, undo: "none" }] },
      ["undo_differs"],
    ],
    [
      "with a value outside the schema",
      {
        steps: [
          {
            action: "users.add",
            variables: { username: "{{ lookup('pipe','id') }}" },
            bundle: world.bundle,
            undo: "recorded",
          },
        ],
      },
      ["bad_variables"],
    ],
    [
      "with an unknown variable",
      {
        steps: [
          { action: "users.add", variables: { username: "john", shell: "sh" }, bundle: world.bundle, undo: "recorded" },
        ],
      },
      ["bad_variables"],
    ],
    ["without an approval above low", { approval: "none" }, ["no_approval"]],
    ["with an approval by a stranger's key", { approvalKey: stranger }, ["bad_approval"]],
    ["with an approval by the dispatch key", { approvalKey: world.keys.dispatch }, ["bad_approval"]],
    ["with an approval of another plan", { approval: { planHash: "d".repeat(64) } }, ["bad_approval"]],
    ["with an approval of another task", { approval: { taskId: newId("task", nowMs) } }, ["bad_approval"]],
    ["with an approval of another tenant", { approval: { tenantId: newId("tenant", nowMs) } }, ["bad_approval"]],
    ["with an expired approval", { approval: { expiresAtMs: nowMs } }, ["bad_approval"]],
    ["with a standing approval by a stranger's key", { standing: {}, approvalKey: stranger }, ["bad_approval"]],
    ["with one by the dispatch key", { standing: {}, approvalKey: world.keys.dispatch }, ["bad_approval"]],
    ["with one of another content", { standing: { standingHash: "d".repeat(64) } }, ["bad_approval"]],
    ["with one of another tenant", { standing: { tenantId: newId("tenant", nowMs) } }, ["bad_approval"]],
    ["with one for fewer appliances than are targets", { standing: { cap: 1 } }, ["bad_approval"]],
    ["with one that has expired", { standing: { expiresAtMs: nowMs } }, ["bad_approval"]],
    [
      "with one that claims to be valid for longer than any may be",
      { standing: { approvedAtMs: nowMs - hourMs, expiresAtMs: nowMs + 90 * 24 * hourMs } },
      ["bad_approval"],
    ],
    ["with a bad approval where none was needed", { steps: ping, approvalKey: stranger }, ["bad_approval"]],
  ];
  it.each(wrong)("%s", (_, options, expected) => {
    expect(codesOf(options)).toEqual(expected);
  });

  it("that a standing approval was for, with another value, mode, bundle, undo or rollout", () => {
    const hash = (() => {
      const { envelope } = world.envelope({ standing: {} });
      const payload = Buffer.from(envelope.standing?.payload ?? "", "base64").toString("utf8");
      return (JSON.parse(payload) as { standingHash: string }).standingHash;
    })();
    const standing = { standingHash: hash };
    expect(codesOf({ standing })).toEqual([]);
    const bob = world.addJohn.map((step) => ({ ...step, variables: { username: "bob" } }));
    expect(codesOf({ standing, steps: bob })).toEqual(["bad_approval"]);
    expect(codesOf({ standing, steps: [...world.addJohn, ...ping] })).toEqual(["bad_approval"]);
    expect(codesOf({ standing, plan: { rollout: { ...defaultRollout, maxConcurrency: 7 } } })).toEqual([
      "bad_approval",
    ]);
    expect(codesOf({ standing: { ...standing, selector: ["all"] } })).toEqual(["bad_approval"]);
    expect(codesOf({ standing: { ...standing, cap: 3 } })).toEqual(["bad_approval"]);
    // And it passes for no approval, nor the other way round.
    const { document: _, envelope } = world.envelope({ standing: {} });
    const swapped = { ...envelope, approval: envelope.standing, standing: undefined };
    expect(codes(signDocument("steward-envelope-v1", world.keys.dispatch, swapped))).toEqual(["bad_approval"]);
  });

  it("with an approved plan whose action was swapped afterwards", () => {
    const approved = world.envelope();
    const swapped = world.envelope({
      steps: [{ action: "samba.server.setup", variables: {}, bundle: world.bundle, undo: "recorded" }],
      envelope: { approval: approved.envelope.approval },
    });
    expect(codes(swapped.document)).toEqual(["bad_approval"]);
    const keptHash = signDocument("steward-envelope-v1", world.keys.dispatch, {
      ...swapped.envelope,
      planHash: approved.envelope.planHash,
    });
    expect(codes(keptHash)).toEqual(["plan_changed", "bad_approval"]);
  });

  it("before the first heartbeat, and with expired trust or release", () => {
    expect(codesOf({}, { nowMs: undefined })).toEqual(["no_server_time"]);
    expect(codesOf({}, { trust: { ...world.trust, expiresAtMs: nowMs } })).toEqual(["trust_expired"]);
    expect(codesOf({}, { release: { ...world.release, expiresAtMs: nowMs } })).toEqual(["release_expired"]);
  });

  it("with a trusted key under a name that is not its own", () => {
    const [dispatch] = world.trust.keys.dispatch;
    const renamed = { keyId: stranger.keyId, publicKey: dispatch?.publicKey ?? "" };
    const trust = { ...world.trust, keys: { ...world.trust.keys, dispatch: [renamed] } };
    expect(codesOf({ key: { ...world.keys.dispatch, keyId: stranger.keyId } }, { trust })).toEqual(["not_signed"]);
  });
});

describe("the values' schema", () => {
  const open = { type: "object", properties: { a: { type: "string" } } };
  it("fails closed when it is open, or says what cannot be enforced", () => {
    expect(variableProblems(open, { a: "x" })).not.toEqual([]);
    const closed = { ...open, additionalProperties: false };
    expect(variableProblems(closed, { a: "x" })).toEqual([]);
    expect(variableProblems({ ...closed, if: {} }, { a: "x" })[0]).toContain("cannot enforce");
    const format = { ...closed, properties: { a: { type: "string", format: "made-up" } } };
    expect(variableProblems(format, { a: "x" })[0]).toContain("cannot enforce");
    expect(
      variableProblems({ ...closed, properties: { a: { type: "string", pattern: "[" } } }, { a: "x" })[0],
    ).toContain("cannot be read");
  });

  it("names the variable", () => {
    expect(variableProblems({ ...open, additionalProperties: false }, { a: 1 })[0]).toMatch(/^a: /);
  });
});
