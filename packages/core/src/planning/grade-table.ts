import type { VariableHint } from "@steward/contracts/actions";
import type { Provenance } from "@steward/contracts/plan";

/**
 * What a grade is made of, and from where on it is good: the one table of it. What no grade can make good is not here but
 * in `grade-answer.ts`: it refuses, asks, or passes the job on, whatever the figures say.
 */
export const gradeTable = {
  /** The parts' weights add up to 1. */
  parts: {
    /** The answer has the shape, every action exists, every value fits its schema. A lesser answer has no grade at all. */
    schema: 0.2,
    /** How firmly the values are grounded, on average. */
    grounding: 0.3,
    /** Which share of the request's words the answer accounts for. */
    completeness: 0.5,
  },
  /** How firmly a source grounds a value. What has none of these sources is made up. */
  firmness: {
    /** In the request, in the right role. */
    said: 1,
    /** In an explicit step. */
    given: 1,
    /** By the action's own rule, which people are shown as an assumption. */
    assumed: 0.9,
    /** The only one of its kind that the targets have, and that nobody named. */
    fact: 0.6,
  } satisfies Record<Provenance["source"], number>,
  /** An answer below this is not good enough: the next tier may try. */
  good: 0.8,
  /** Of a plan that only looks. */
  goodToLook: 0.75,
} as const;

/**
 * What an appliance's facts may fill in where there is only one of it. Never what gives rights (a group) or decides where
 * something goes (an address), which is said or asked for; keys, paths and targets are no facts at all.
 */
export const mayBeFact: Record<NonNullable<VariableHint["choicesFrom"]>, boolean> = {
  users: true,
  shares: true,
  services: true,
  domains: true,
  mailDomains: true,
  certificates: true,
  groups: false,
  mailboxes: false,
};
