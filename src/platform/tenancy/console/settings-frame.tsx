import type { ReactNode } from 'react'
import { PageHeader, PageLink, useSession } from '#platform/console'
import classes from './settings-frame.module.css'

const sections = [
  { to: '/settings', label: 'General', permission: 'tenancy.settings.read' },
  { to: '/settings/appearance', label: 'Appearance', permission: 'tenancy.settings.read' },
  { to: '/settings/domains', label: 'Domains', permission: 'tenancy.settings.read' },
  { to: '/settings/security', label: 'Security', permission: 'tenancy.security.read' },
  { to: '/settings/password-rules', label: 'Passwords', permission: 'tenancy.security.read' },
  { to: '/settings/features', label: 'Features', permission: 'tenancy.settings.read' },
  { to: '/settings/deletion', label: 'Deletion', permission: 'tenancy.tenant.delete' },
] as const

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
