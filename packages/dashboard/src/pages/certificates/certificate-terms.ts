import { type Term, termOf } from "../../text.ts";

const terms: Record<string, Term> = {
  valid: { text: "valid", tone: "good" },
  expired: { text: "expired", tone: "still" },
  revoked: { text: "revoked", tone: "bad" },
};

export function certificateTerm(status: string): Term {
  return termOf(terms, status);
}
