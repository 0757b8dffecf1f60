import { rightRequest, wrongOutcomes } from "@steward/contracts/benchmark-request";
import type { TaskView } from "@steward/contracts/task";
import { describe, expect, it } from "vitest";
import { requestSchema } from "./requests.ts";

const at = "2026-11-26T12:00:00Z";
const said = (name: string, verdict: "right" | "wrong", note?: string) => ({
  by: `per_${name}`,
  name,
  at,
  verdict,
  ...(note === undefined ? {} : { note }),
});
const task = (over: object) =>
  ({
    id: "tsk_of-acme",
    tenantId: "ten_acme",
    instruction: "let ida in, her password is Tr0ub4dor&3",
    requestedBy: { id: "per_anna", name: "Anna" },
    planning: { tier: "ollama", model: "llama3.2:3b", latencyMs: 1 },
    feedback: [
      said("Anna", "right"),
      said("Bea", "right"),
      said("Carl", "wrong", "not her: token stw_0123456789abcdef"),
    ],
    ...over,
  }) as unknown as TaskView;
const planned = task({
  plan: { steps: [{ action: "users.add", title: "Add a user", variables: { username: "ida" }, risk: "low" }] },
});
const answered = task({ answer: { text: "Open the Explorer", sources: [] } });
const refused = task({ status: "failed", result: { message: "Nothing that an appliance can do." } });

describe("feedback that is exported", () => {
  it.each([
    ["a plan", planned, { plan: [{ action: "users.add", variables: { username: "ida" } }] }],
    ["an answer", answered, { refuse: "a question: it is answered" }],
    ["a no", refused, { refuse: "Nothing that an appliance can do." }],
  ])("is a request of the benchmark where %s was right: one, whoever said so", (_name, of, outcome) => {
    const request = rightRequest(of);
    expect(requestSchema.parse(request)).toMatchObject({ expect: outcome });
    expect(JSON.stringify(request)).not.toMatch(/Tr0ub4dor|anna|acme/i);
  });

  it("is no request where it was wrong: what would be right is not known", () => {
    const [wrong, ...others] = wrongOutcomes(planned);
    expect(others).toEqual([]);
    expect(wrong).toMatchObject({ tier: "ollama", model: "llama3.2:3b", wrong: { plan: [{ action: "users.add" }] } });
    expect(requestSchema.safeParse(wrong).success).toBe(false);
    expect(JSON.stringify(wrong)).not.toMatch(/Tr0ub4dor|stw_0|carl|acme/i);
  });

  it("has an id that its words alone decide", () => {
    expect(rightRequest(planned)?.id).toBe(rightRequest(refused)?.id);
    expect(rightRequest(planned)?.id).not.toBe(rightRequest(task({ instruction: "let ada in" }))?.id);
    expect(rightRequest(task({ instruction: undefined }))).toBeUndefined();
    expect(rightRequest(task({ feedback: undefined }))).toBeUndefined();
  });
});
