import { fstatSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { CliError, exitCodes } from "./exit-codes.ts";
import { type Paint, paintFor, plain } from "./text/paint.ts";

/** What the commands speak with. Results go to stdout; questions, progress and hints to stderr. */
export interface Ui {
  /** stdout carries one JSON document (or JSON lines where a command watches), and nothing is asked. */
  json: boolean;
  paint: Paint;
  /** Columns of the terminal; undefined where stdout is none: nothing is cut. */
  width: number | undefined;
  /** True where somebody (or a pipe) can answer, and nobody said `--json`. */
  canAsk: boolean;
  /** True where a value can be read, also with `--json`. */
  canRead: boolean;
  /** A line for people; silent with `--json`. */
  say: (text?: string) => void;
  /** A hint or a warning on stderr. */
  hint: (text: string) => void;
  /** A JSON document, with `--json` only. */
  data: (value: unknown) => void;
  /** Part of a long document for stdout, with or without `--json`. Settles when whoever reads it wants more. */
  stream: (text: string) => Promise<void>;
  /** Asks; undefined when the input has ended. Throws (130) on Ctrl-C. */
  question: (text: string, options?: { hidden?: boolean }) => Promise<string | undefined>;
  /** Asks for a yes; anything else is a no. Undefined when the input has ended. Throws (130) on Ctrl-C. */
  confirm: (text: string) => Promise<boolean | undefined>;
  /** Shows on a terminal that something takes its time, and how far it is, from the first second on. Returns how to end it. */
  progress: (text: string | (() => string)) => () => void;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

export function createUi(options: { json: boolean }): Ui & { close: () => void } {
  const { stdin, stdout, stderr } = process;
  const paint = options.json ? plain : paintFor(stdout);
  const answers = createAnswers();
  let spinner: { text: () => string; sinceMs: number; frame: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let drawn = false;

  const erase = (): void => {
    if (drawn) stderr.write("\r\u001b[K");
    drawn = false;
  };
  const draw = (): void => {
    if (spinner === undefined || Date.now() - spinner.sinceMs < 1000) return;
    spinner.frame += 1;
    erase();
    const width = (stderr.columns ?? 80) - 3;
    stderr.write(
      `${paint.cyan(frames[spinner.frame % frames.length] ?? "")} ${paint.dim(spinner.text().slice(0, width))}`,
    );
    drawn = true;
  };

  const question: Ui["question"] = async (text, { hidden = false } = {}) => {
    erase();
    return stdin.isTTY ? askTerminal(text, hidden) : answers.next(text, hidden);
  };

  return {
    json: options.json,
    paint,
    width: stdout.isTTY ? stdout.columns : undefined,
    canAsk: !options.json && canAnswer(),
    canRead: canAnswer(),
    say: (text = "") => {
      if (options.json) return;
      erase();
      stdout.write(`${text}\n`);
    },
    hint: (text) => {
      erase();
      stderr.write(`${text}\n`);
    },
    data: (value) => {
      if (options.json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    stream: (text) =>
      new Promise((resolve, reject) => {
        erase();
        stdout.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    question,
    confirm: async (text) => {
      const typed = await question(`${text} [y/N] `);
      return typed === undefined ? undefined : /^y(es)?$/i.test(typed.trim());
    },
    progress: (text) => {
      if (!stderr.isTTY || options.json) return () => {};
      spinner = { text: typeof text === "string" ? () => text : text, sinceMs: Date.now(), frame: 0 };
      timer ??= setInterval(draw, 90).unref();
      return () => {
        erase();
        spinner = undefined;
        clearInterval(timer);
        timer = undefined;
      };
    },
    close: () => {
      erase();
      answers.close();
    },
  };
}

/** A terminal, a pipe or a file can answer. Anything else (`/dev/null`, a service's socket) never would. */
function canAnswer(): boolean {
  if (process.stdin.isTTY) return true;
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile();
  } catch {
    return false;
  }
}

function askTerminal(text: string, hidden: boolean): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
    // Readline echoes what is typed through this method.
    if (hidden) Object.assign(reader, { _writeToOutput: () => {} });
    let done = false;
    const finish = (act: () => void): void => {
      if (done) return;
      done = true;
      reader.close();
      if (hidden) process.stderr.write("\n");
      act();
    };
    reader.on("SIGINT", () => finish(() => reject(new CliError(exitCodes.interrupted, "Stopped"))));
    reader.on("close", () => finish(() => resolve(undefined)));
    reader.question(hidden ? "" : text, (answer) => finish(() => resolve(answer)));
    // After readline has cleared the line for its own, silent, prompt.
    if (hidden) process.stderr.write(text);
  });
}

/** Lines of a pipe, one for each question; lines that came early are kept. */
function createAnswers(): {
  next: (prompt: string, hidden: boolean) => Promise<string | undefined>;
  close: () => void;
} {
  let reader: Interface | undefined;
  let lines: AsyncIterator<string> | undefined;
  return {
    next: async (prompt, hidden) => {
      process.stderr.write(prompt);
      reader ??= createInterface({ input: process.stdin });
      lines ??= reader[Symbol.asyncIterator]();
      const { value, done } = await lines.next();
      process.stderr.write(done === true || hidden ? "\n" : `${value}\n`);
      return done === true ? undefined : value;
    },
    close: () => reader?.close(),
  };
}
