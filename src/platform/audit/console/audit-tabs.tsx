import { SectionTabs } from '#platform/console'

/** What was done in the workspace, and what of it tells of security. */
export function AuditTabs() {
  return (
    <SectionTabs
      label="Audit log"
      sections={[
        { to: '/audit', label: 'Everything' },
        { to: '/audit/security', label: 'Security' },
      ]}
    />
  )
}
