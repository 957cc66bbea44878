import { EmptyState, PageHeader, useSession } from '#platform/console'
import classes from './assignments.module.css'
import { DomainStart } from './domain-start.tsx'

/** What stands in a workspace in which nothing is assigned yet: leads by the hand whoever may make a domain. */
export function FirstDomain() {
  const { can } = useSession()
  if (!can('assignments.domains.write')) {
    return (
      <EmptyState icon="people" order={1} title="Nobody is assigned here yet">
        An owner or administrator of this workspace makes the first domain: chores of a house, shifts of a clinic.
      </EmptyState>
    )
  }
  return (
    <>
      <PageHeader
        title="Who does what?"
        lead="Chores, shifts, papers: enter who there is and what there is to do, and the plan is made for you, fairly, round after round. Begin with what comes closest; everything can be changed afterwards."
      />
      <div className={`panel ${classes.section} ${classes.start}`}>
        <DomainStart />
      </div>
    </>
  )
}
