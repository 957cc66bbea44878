import type { ReactNode } from 'react'
import { PageHeader, SectionTabs } from '#platform/console'

/** The head of each page about how the installation is. */
export function OperationsFrame({
  lead,
  actions,
  children,
}: {
  lead: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <>
      <PageHeader title="Operations" lead={lead} actions={actions} />
      <SectionTabs
        label="Operations"
        sections={[
          { to: '/operations', label: 'Overview' },
          { to: '/operations/backups', label: 'Backups' },
          { to: '/operations/health', label: 'Health' },
          { to: '/operations/maintenance', label: 'Maintenance' },
          { to: '/operations/retention', label: 'Retention' },
          { to: '/operations/audit', label: 'Audit log' },
          { to: '/operations/data', label: 'Data' },
        ]}
      />
      {children}
    </>
  )
}
