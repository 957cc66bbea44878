import type { ReactNode } from 'react'
import { PageHeader, SectionTabs, useSession } from '#platform/console'

const sections = [
  { to: '/members', label: 'Members', permission: 'members.members.read' },
  { to: '/members/invitations', label: 'Invitations', permission: 'members.invitations.read' },
] as const

/** The frame of the pages about who works in a workspace, and who is asked to. `actions` stand beside the title. */
export function MembersFrame({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  const { tenant } = useSession()
  return (
    <>
      <PageHeader
        title="Members"
        lead={`Who works in ${tenant?.name ?? 'this workspace'}, with which roles, and until when.`}
        actions={actions}
      />
      <SectionTabs label="Members" sections={sections} />
      {children}
    </>
  )
}
