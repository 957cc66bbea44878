import type { ReactNode } from 'react'
import { PageHeader, PageLink, useSession } from '#platform/console'
import classes from './members-frame.module.css'

const sections = [
  { to: '/members', label: 'Members', permission: 'members.members.read' },
  { to: '/members/invitations', label: 'Invitations', permission: 'members.invitations.read' },
] as const

/** The frame of the pages about who works in a workspace, and who is asked to. `actions` stand beside the title. */
export function MembersFrame({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  const session = useSession()
  const shown = sections.filter(({ permission }) => session.can(permission))
  return (
    <>
      <PageHeader
        title="Members"
        lead={`Who works in ${session.tenant?.name ?? 'this workspace'}, with which roles, and until when.`}
        actions={actions}
      />
      {shown.length > 1 && (
        <nav aria-label="Members" className={classes.sections}>
          {shown.map(({ to, label }) => (
            <PageLink key={to} to={to} activeOptions={{ exact: true }} className={classes.section}>
              {label}
            </PageLink>
          ))}
        </nav>
      )}
      {children}
    </>
  )
}
