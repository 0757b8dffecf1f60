import { getRollout } from "@steward/aws/records/rollout";
import { getTask } from "@steward/aws/records/task";
import { hasCode } from "@steward/contracts/errors";
import { derivedId } from "@steward/contracts/ids";
import { answerTask } from "@steward/control/answer-task";
import type { Caller, Repeatable } from "@steward/control/context";
import { createFreeze, listFreezes } from "@steward/control/freeze";
import { cancelTask } from "@steward/control/reject-task";
import { submitTask } from "@steward/control/submit-task";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";

let house: House;
let person: Caller;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  await house.machine(person.tenantId, "appliance");
});
afterEach(async () => {
  await house.stop();
});

/** A request under a key. Its first try was killed after everything was stored, before it could answer. */
const repeated = (key: string): Repeatable => ({ idOf: (kind) => derivedId(kind, 1, key), begunBefore: true });

it("an answer that is repeated after a kill is not taken for one to the next question", async () => {
  const task = await submitTask(house, person, {
    instruction: "add a dns record",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  expect(task.status).toBe("needs_input");
  const params = { taskId: task.id };
  const first = await answerTask(house, person, params, { answer: "mail.example" }, repeated("one"));
  expect(first).toMatchObject({ status: "needs_input" });
  expect(first.question?.variable).not.toBe(task.question?.variable);
  expect(await answerTask(house, person, params, { answer: "mail.example" }, repeated("one"))).toEqual(first);
  const other = answerTask(house, person, params, { answer: "not an address!" }, repeated("two"));
  await expect(other).rejects.toSatisfy((error) => hasCode(error, "unprocessable"));
});

it("a freeze that is repeated after a kill is one freeze", async () => {
  const until = new Date(house.nowMs() + 3_600_000).toISOString();
  const freeze = () => createFreeze(house, person, { scope: "tenant", reason: "audit", until }, repeated("one"));
  const first = await freeze();
  expect(await freeze()).toEqual(first);
  expect((await listFreezes(house, person)).items).toEqual([first]);
});

it("a cancelled rollout knows the person's reason", async () => {
  const { id } = await submitTask(house, person, {
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  await cancelTask(house, person, { taskId: id }, { reason: "wrong name" });
  const { rolloutId = "" } = (await getTask(house.table, { tenantId: person.tenantId, taskId: id })) ?? {};
  expect(await getRollout(house.table, { tenantId: person.tenantId, rolloutId })).toMatchObject({
    status: "cancelling",
    cancelReason: "wrong name",
  });
});
