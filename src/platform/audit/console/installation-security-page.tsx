import { PageHeader } from '#platform/console'
import { SecurityEvents, SecurityExports } from './security-list.tsx'

/** MT-22: what tells of security in all workspaces and outside of them, for operators. */
export function Page() {
  return (
    <>
      <PageHeader
        title="Security events"
        lead="Of all workspaces and of none, as sign-ins that failed. What is critical opens an alarm."
        actions={<SecurityExports path="/operations/security-events" permission="audit.security.read" />}
      />
      <SecurityEvents path="/operations/security-events" isOfAll />
    </>
  )
}
