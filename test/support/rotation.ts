import type { RotationDeps } from "@steward/control/rotate-keys";
import { rotationDeps } from "../../scripts/stage/rotation-deps.ts";
import type { Installation } from "./installation.ts";

export class Killed extends Error {}

/** Somebody who rotates the keys of an installation: by a clock of his own, and killed where a test wants it. */
export interface Rotator {
  deps: RotationDeps;
  /** Everybody else's clock stays as it is. */
  passTime(ms: number): void;
  /** After so many writes the next one is made and its maker killed. */
  killAfter(writes: number): void;
  writes(): number;
}

export async function rotatorOf({ stack }: Installation, leaseMs = 200): Promise<Rotator> {
  const deps = await rotationDeps({
    stage: undefined,
    stateDir: stack.stateDir,
    rootKey: undefined,
    passphrase: undefined,
  });
  let offsetMs = 0;
  let left = Number.POSITIVE_INFINITY;
  let made = 0;
  /** A call that changes something: made, and then the process is gone before it hears of it. */
  const counted =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (left < 0) throw new Killed("dead already");
      const result = await call(...args);
      made += 1;
      if (left-- <= 0) throw new Killed("killed");
      return result;
    };
  const { keys, parameters, objects } = deps;
  return {
    passTime: (ms) => void (offsetMs += ms),
    killAfter: (writes) => void (left = writes),
    writes: () => made,
    deps: {
      ...deps,
      leaseMs,
      onWait: () => {},
      nowMs: () => Date.now() + offsetMs,
      publish: counted(deps.publish),
      keys: {
        find: (alias) => keys.find(alias),
        make: counted((options) => keys.make(options)),
        point: counted((...args) => keys.point(...args)),
        giveUp: counted((...args) => keys.giveUp(...args)),
      },
      parameters: {
        get: (name) => parameters.get(name),
        put: counted((...args) => parameters.put(...args)),
        create: counted((...args) => parameters.create(...args)),
      },
      objects: {
        get: (...args) => objects.get(...args),
        put: counted((...args) => objects.put(...args)),
      },
    },
  };
}
