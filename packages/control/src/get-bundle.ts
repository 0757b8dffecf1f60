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
  return { url: await deps.objects.presignedGet(deps.bundleBucket, bundleKey(params.digest), urlSeconds) };
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
  return { url: await deps.objects.presignedGet(deps.bundleBucket, buildKey(params.digest), urlSeconds) };
}

export function buildKey(digest: string): string {
  return `builds/${digest}.mjs`;
}
