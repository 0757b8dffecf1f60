import "./zod-without-eval.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { signInState, startSession, watchSignIn } from "./api/session.ts";
import { forgetAnswers } from "./api/transport.ts";
import { queryClient } from "./api/use-api.ts";
import { router } from "./router.ts";
import { followSystemTheme, showTheme } from "./theme.ts";

showTheme();
followSystemTheme();
// What one person was answered is none of what the next one in this tab is.
watchSignIn(() => {
  if (signInState().state === "in") return;
  queryClient.clear();
  forgetAnswers();
});
void startSession();
// A second link opened in this very tab changes only the hash, which loads nothing.
window.addEventListener("hashchange", () => void startSession());

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
