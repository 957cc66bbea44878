import type { ReactNode } from 'react'
import { PageHeader, PageLink, useSession } from '#platform/console'
import classes from './settings-frame.module.css'

const sections = [{ to: '/settings/password-rules', label: 'Passwords', permission: 'tenancy.security.read' }] as const

/** The frame of the pages about the workspace itself. */
export function SettingsFrame({ children }: { children: ReactNode }) {
  const session = useSession()
  return (
    <>
      <PageHeader title="Settings" lead={`What holds in ${session.tenant?.name ?? 'this workspace'}, for everybody.`} />
      <nav aria-label="Settings" className={classes.sections}>
        {sections
          .filter(({ permission }) => session.can(permission))
          .map(({ to, label }) => (
            <PageLink key={to} to={to} activeOptions={{ exact: true }} className={classes.section}>
              {label}
            </PageLink>
          ))}
      </nav>
      {children}
    </>
  )
}
