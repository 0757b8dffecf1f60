import { AppError } from "@steward/contracts/errors";
import type { Context, NodeCaller, WithObjects } from "./context.ts";

const urlSeconds = 300;

/** Where a bundle of the current release is. Others are not given out. */
export async function getBundle(
  deps: Pick<Context, "release"> & WithObjects,
  params: { digest: string },
): Promise<{ url: string }> {
  const { release } = await deps.release();
  if (!release.actions.some((action) => action.bundle === params.digest)) {
    throw new AppError("not_found", "no action of the current release uses this bundle");
  }
  return addressOf(deps, bundleKey(params.digest));
}

export function bundleKey(digest: string): string {
  return `${digest}.tar.gz`;
}

/** Where a build of the current release is that the caller's kind of machine runs. Others are not given out. */
export async function getBuild(
  deps: Pick<Context, "release"> & WithObjects,
  caller: Pick<NodeCaller, "kind">,
  params: { digest: string },
): Promise<{ url: string }> {
  const { release } = await deps.release();
  const own = Object.entries(release.agents).filter(
    ([key]) => key.startsWith("worker/") === (caller.kind === "worker"),
  );
  if (!own.some(([, digest]) => digest === params.digest)) {
    throw new AppError("not_found", "the current release lists no such build for this kind of machine");
  }
  return addressOf(deps, buildKey(params.digest));
}

export function buildKey(digest: string): string {
  return `builds/${digest}.mjs`;
}

/** An address of what is not there would be signed as well, and the machine told by S3, in XML, that it may not have it. */
async function addressOf(deps: WithObjects, key: string): Promise<{ url: string }> {
  if (!(await deps.objects.exists(deps.bundleBucket, key))) {
    throw new AppError("not_found", "the current release lists this file, and it has not been uploaded", {
      next: "Whoever runs Steward: deploy the stage again, which uploads what its release lists.",
    });
  }
  return { url: await deps.objects.presignedGet(deps.bundleBucket, key, urlSeconds) };
}
