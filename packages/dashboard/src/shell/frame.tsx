import { Link, useRouterState, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { callForTenant } from "../api/tenant-choice.ts";
import { defaultTenant } from "../me/default-tenant.ts";
import { type Me, useMe, useMeQuery } from "../me/use-me.ts";
import { OpenPalette } from "../palette/open-palette.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Skeleton } from "../ui/loaded.tsx";
import { Problem } from "../ui/problem.tsx";
import { sections } from "./navigation.ts";
import styles from "./shell.module.css";
import { TopBar } from "./top-bar.tsx";

/** For who is signed in: pages are shown when it is known who that is. */
export function Frame({ children }: { children: ReactNode }) {
  const { who } = useMeQuery();
  const search = useSearch({ strict: false }) as { tenant?: string };
  if (who.data === undefined) {
    return (
      <div className={styles["center"]}>
        {who.error === null ? <Skeleton /> : <Problem error={who.error} onRetry={() => void who.refetch()} />}
      </div>
    );
  }
  // Before the page asks for anything.
  callForTenant(search.tenant ?? defaultTenant(who.data.grants));
  return <Known key={search.tenant ?? ""}>{children}</Known>;
}

function Known({ children }: { children: ReactNode }) {
  const me = useMe();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const first = useRef(true);
  useEffect(() => {
    setOpen(false);
    // Whoever hears the page is taken to the new one's content; not at the start, where the browser does.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <div className={styles["frame"]}>
      <a className={styles["skip"]} href="#main" onClick={() => main.current?.focus()}>
        Skip to content
      </a>
      {open && (
        <button type="button" className={styles["scrim"]} aria-label="Close the menu" onClick={() => setOpen(false)} />
      )}
      <SideBar me={me} open={open} onClose={() => setOpen(false)} />
      <div className={styles["main"]}>
        <TopBar
          me={me}
          menu={
            <IconButton
              label="Menu"
              icon="menu"
              className={styles["burger"]}
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            />
          }
        />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
    </div>
  );
}

function SideBar({ me, open, onClose }: { me: Me; open: boolean; onClose: () => void }) {
  return (
    // Escape closes what is open over the page.
    <aside className={styles["side"]} data-open={open} onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <Link to="/" className={styles["brand"]}>
        <svg className={styles["logo"]} viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="9" fill="#2f6f5e" />
          <path d="M9 12.5h14M9 19.5h14" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
          <circle cx="21" cy="12.5" r="2.6" fill="#fff" />
          <circle cx="12" cy="19.5" r="2.6" fill="#fff" />
        </svg>
        Steward
      </Link>
      <div className={styles["search"]}>
        <OpenPalette />
      </div>
      <nav className={styles["nav"]} aria-label="Pages">
        {sections.map(({ title, items }) => {
          const shown = items.filter(
            ({ role, staff }) => (role === undefined || me.may(role)) && (staff !== true || me.isStaff),
          );
          if (shown.length === 0) return null;
          return (
            <div key={title}>
              <p className={styles["section"]}>{title}</p>
              <ul>
                {shown.map(({ to, label, icon }) => (
                  <li key={to}>
                    <Link
                      to={to as "/tasks"}
                      className={styles["link"]}
                      activeOptions={{ exact: to === "/", includeSearch: false }}
                    >
                      <Icon name={icon} />
                      {to === "/" && me.isStaff ? "Overview" : label}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          );
        })}
      </nav>
    </aside>
  );
}
