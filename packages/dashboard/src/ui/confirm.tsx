import { createContext, lazy, type ReactNode, Suspense, useCallback, useContext, useState } from "react";

export interface Question {
  title: string;
  /** What will happen, in words. */
  text: ReactNode;
  /** On the button: `Remove 3 appliances`. */
  verb: string;
  danger?: boolean;
  /** What has to be typed before the button works: a name. */
  retype?: string;
}

// Loaded with the first question.
const ConfirmPopup = lazy(async () => ({ default: (await import("./confirm-popup.tsx")).ConfirmPopup }));
const Context = createContext<(question: Question) => Promise<boolean>>(() => Promise.resolve(false));

/** Asks before what cannot be taken back: `if (await confirm({ … })) …`. */
export function useConfirm(): (question: Question) => Promise<boolean> {
  return useContext(Context);
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<{
    id: number;
    question: Question;
    answer: (yes: boolean) => void;
    open: boolean;
  }>();
  const confirm = useCallback(
    (question: Question) =>
      new Promise<boolean>((resolve) => {
        setAsked((before) => ({ id: (before?.id ?? 0) + 1, question, answer: resolve, open: true }));
      }),
    [],
  );
  const close = (yes: boolean) => {
    asked?.answer(yes);
    setAsked((before) => (before === undefined ? before : { ...before, open: false }));
  };
  return (
    <Context value={confirm}>
      {children}
      {asked !== undefined && (
        <Suspense fallback={null}>
          <ConfirmPopup key={asked.id} question={asked.question} open={asked.open} onAnswer={close} />
        </Suspense>
      )}
    </Context>
  );
}
