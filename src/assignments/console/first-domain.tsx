import { Button } from '@mantine/core'
import { EmptyState, PageLink, useSession } from '#platform/console'

/** What stands in a workspace in which nothing is assigned yet. */
export function FirstDomain() {
  const { can } = useSession()
  return (
    <EmptyState
      icon="people"
      order={1}
      title="Nobody is assigned here yet"
      action={
        can('assignments.domains.write') && (
          <Button component={PageLink} to="/assignments/domains">
            Make a domain
          </Button>
        )
      }
    >
      Chores of a house, shifts of a clinic, papers of a conference: each is a domain with its own people, words and
      rules.
    </EmptyState>
  )
}
