import { PageHeader } from '#platform/console'
import { AuditTabs } from './audit-tabs.tsx'
import { SecurityEvents, SecurityExports } from './security-list.tsx'

/** MT-22: what tells of security in the workspace. */
export function Page() {
  return (
    <>
      <PageHeader
        title="Audit log"
        lead="Sign-ins, changes of rights and requests that were refused in this workspace, by how grave they are."
        actions={<SecurityExports path="/security-events" permission="audit.logs.export" />}
      />
      <AuditTabs />
      <SecurityEvents path="/security-events" />
    </>
  )
}
