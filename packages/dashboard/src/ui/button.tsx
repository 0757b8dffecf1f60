import { createLink } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, type ButtonHTMLAttributes, type ReactNode, type Ref } from "react";
import { visible } from "../text.ts";
import styles from "./button.module.css";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";

export type ButtonTone = "primary" | "plain" | "quiet" | "danger";

interface Look {
  tone?: ButtonTone;
  icon?: IconName;
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  /** It is being done: pressed again it does nothing. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

function lookOf(tone: ButtonTone, className?: string, more?: string) {
  return classes(styles["button"], tone !== "plain" && styles[tone], more, className);
}

export function Button({ tone = "plain", icon, busy = false, children, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={lookOf(tone, className)}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
    >
      {busy ? <span className={styles["spin"]} aria-hidden="true" /> : icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button of a sign alone; `label` is its name for whoever hears it, and its tip. */
export function IconButton({
  label,
  icon,
  tone = "quiet",
  className,
  ...rest
}: Omit<ButtonProps, "busy"> & { label: string; icon: IconName }) {
  // It often names something that somebody else has named.
  const name = visible(label);
  return (
    <button type="button" title={name} {...rest} aria-label={name} className={lookOf(tone, className, styles["icon"])}>
      <Icon name={icon} />
    </button>
  );
}

function LinkLook({
  tone = "plain",
  icon,
  children,
  className,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & Look & { children?: ReactNode; ref?: Ref<HTMLAnchorElement> }) {
  return (
    <a {...rest} className={lookOf(tone, className)}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </a>
  );
}

/** Looks like a button, and is a link to a page. */
export const LinkButton = createLink(LinkLook);
