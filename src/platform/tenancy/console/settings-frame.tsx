import type { ReactNode } from 'react'
import { PageHeader, SectionTabs, useSession } from '#platform/console'

const sections = [
  { to: '/settings', label: 'General', permission: 'tenancy.settings.read' },
  { to: '/settings/appearance', label: 'Appearance', permission: 'tenancy.settings.read' },
  { to: '/settings/domains', label: 'Domains', permission: 'tenancy.settings.read' },
  { to: '/settings/security', label: 'Security', permission: 'tenancy.security.read' },
  { to: '/settings/password-rules', label: 'Passwords', permission: 'tenancy.security.read' },
  { to: '/settings/features', label: 'Features', permission: 'tenancy.settings.read' },
  { to: '/settings/export', label: 'Export', permission: 'operations.workspace.export' },
  { to: '/settings/deletion', label: 'Deletion', permission: 'tenancy.tenant.delete' },
] as const

/** The frame of the pages about the workspace itself. */
export function SettingsFrame({ children }: { children: ReactNode }) {
  const { tenant } = useSession()
  return (
    <>
      <PageHeader title="Settings" lead={`What holds in ${tenant?.name ?? 'this workspace'}, for everybody.`} />
      <SectionTabs label="Settings" sections={sections} />
      {children}
    </>
  )
}
