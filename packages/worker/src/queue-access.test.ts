import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { describe, expect, it } from "vitest";
import { createQueueAccess } from "./queue-access.ts";

const hourMs = 3_600_000;

/** A door whose answers are set, and a clock that is turned by hand. */
function scene() {
  let nowMs = 0;
  let asked = 0;
  const logged: string[] = [];
  const door: { answer: () => Promise<unknown> } = {
    answer: async () => ({
      accessKeyId: `ASIA${asked}`,
      secretAccessKey: "secret",
      sessionToken: "token",
      expiresInSeconds: 3600,
      region: "eu-central-1",
      stage: "test",
    }),
  };
  const access = createQueueAccess({
    call: (async () => {
      asked += 1;
      return door.answer();
    }) as unknown as Client,
    log: (event) => logged.push(event),
    clock: { monotonicMs: () => nowMs, sleep: async () => {} },
    random: () => 1,
  });
  return {
    access,
    door,
    logged,
    asked: () => asked,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** Lets what was begun in the background end. */
    settle: () => new Promise((resolve) => setImmediate(resolve)),
    keyId: async () => (await access.keys()).accessKeyId,
  };
}
const away = async () => {
  throw new AppError("unavailable", "no answer");
};

describe("keys that were lent", () => {
  it("are asked for once by all who need them at one time", async () => {
    const { access, asked } = scene();
    await Promise.all([access.keys(), access.keys(), access.keys()]);
    expect(asked()).toBe(1);
  });

  it("are renewed at half of their time, while the old ones go on being used", async () => {
    const { keyId, pass, settle, asked } = scene();
    expect(await keyId()).toBe("ASIA1");
    pass(hourMs / 2 - 1);
    expect(await keyId()).toBe("ASIA1");
    expect(asked()).toBe(1);
    pass(1);
    expect(await keyId()).toBe("ASIA1");
    await settle();
    expect(await keyId()).toBe("ASIA2");
    expect(asked()).toBe(2);
  });

  it("go on being used until their end while the door is away, which is asked seldom and told of once", async () => {
    const { keyId, pass, settle, door, asked, logged } = scene();
    const answer = door.answer;
    await keyId();
    door.answer = away;
    for (let minute = 0; minute < 58; minute += 1) {
      pass(60_000);
      for (let call = 0; call < 20; call += 1) expect(await keyId()).toBe("ASIA1");
      await settle();
    }
    expect(asked()).toBeLessThan(40);
    expect(logged).toEqual(["queue_keys.not_lent"]);
    pass(120_000);
    await expect(keyId()).rejects.toMatchObject({ code: "unavailable" });
    door.answer = answer;
    expect(await keyId()).toMatch(/^ASIA/);
    expect(logged).toEqual(["queue_keys.not_lent", "queue_keys.lent_again"]);
  });

  it("are used no longer once the door has said no for good", async () => {
    const { keyId, pass, settle, door } = scene();
    await keyId();
    door.answer = async () => {
      throw new AppError("forbidden", "this worker is shut out");
    };
    pass(hourMs / 2);
    await keyId();
    await settle();
    await expect(keyId()).rejects.toMatchObject({ code: "forbidden" });
  });

  it("are asked for anew when the queues refused them before their time", async () => {
    const { access, keyId } = scene();
    expect(await keyId()).toBe("ASIA1");
    access.refused();
    expect(await keyId()).toBe("ASIA2");
  });
});
