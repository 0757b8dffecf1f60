import { CSPProvider } from "@base-ui/react/csp-provider";
import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useSyncExternalStore } from "react";
import { signInState, watchSignIn } from "../api/session.ts";
import { ConfirmProvider } from "../ui/confirm.tsx";
import { Skeleton } from "../ui/loaded.tsx";
import { Toasts } from "../ui/toast.tsx";
import { Frame } from "./frame.tsx";
import styles from "./shell.module.css";

const SignInPage = lazy(async () => ({ default: (await import("../pages/sign-in/sign-in-page.tsx")).SignInPage }));

/** Around every page: who is signed in, the side bar, what is above it. */
export function Shell() {
  const signIn = useSyncExternalStore(watchSignIn, signInState);
  return (
    // No component may bring styles of its own into the page: its rules refuse them.
    <CSPProvider disableStyleElements>
      <ConfirmProvider>
        {signIn.state === "in" ? (
          <Frame>
            <Suspense fallback={<Skeleton />}>
              <Outlet />
            </Suspense>
          </Frame>
        ) : (
          <div className={styles["center"]}>
            <Suspense fallback={<Skeleton />}>
              {signIn.state === "out" ? <SignInPage why={signIn.why} error={signIn.error} /> : <Skeleton />}
            </Suspense>
          </div>
        )}
      </ConfirmProvider>
      <Toasts />
    </CSPProvider>
  );
}
