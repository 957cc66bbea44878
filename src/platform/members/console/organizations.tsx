import { Button, Skeleton, Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, Icon, oneOf, PageHeader, type Search, useAddress, useSession } from '#platform/console'
import { OrganizationForm } from './organization-form.tsx'
import { OrganizationPanel } from './organization-panel.tsx'
import { organizationsQuery } from './organization-queries.ts'
import { OrganizationTree } from './organization-tree.tsx'
import classes from './organizations.module.css'

const readSearch = (search: Search) => ({ organization: oneOf(search.organization) })

/** The departments and subsidiaries of a workspace, as a tree, with who belongs to the one that is chosen. */
export function Page() {
  const { can, tenant } = useSession()
  const [{ organization: chosenId }, change] = useAddress(readSearch)
  const { data: organizations, error, refetch } = useQuery(organizationsQuery)
  const [isAdding, setIsAdding] = useState(false)
  const isNarrow = useMediaQuery('(max-width: 900px)', false, { getInitialValueInEffect: false })
  const chosen = organizations?.find(({ id }) => id === chosenId)
  const choose = (organization: string) => change({ organization })
  const panel = organizations && chosen && (
    <OrganizationPanel key={chosen.id} organization={chosen} organizations={organizations} choose={choose} />
  )
  const add = can('members.organizations.write') && (
    <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setIsAdding(true)}>
      New organization
    </Button>
  )
  return (
    <>
      <PageHeader
        title="Organizations"
        lead={`Departments and subsidiaries of ${tenant?.name ?? 'this workspace'}. Their admins look after them and what stands below.`}
        actions={organizations && organizations.length > 0 && add}
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !organizations ? (
        <div role="status" aria-label="Loading the organizations">
          <Skeleton height={320} />
        </div>
      ) : organizations.length === 0 ? (
        <div className="panel">
          <EmptyState icon="tree" title="There are no organizations yet" action={add}>
            They say who belongs together, such as departments; what people may do is in their roles.
          </EmptyState>
        </div>
      ) : (
        <div className={classes.columns}>
          <div className="panel" hidden={isNarrow && chosen !== undefined}>
            <OrganizationTree organizations={organizations} chosenId={chosenId} choose={choose} />
          </div>
          {panel ? (
            <div className={`panel ${classes.panel}`}>
              {isNarrow && (
                <Button
                  variant="subtle"
                  size="xs"
                  mt="xs"
                  leftSection={<Icon name="arrowLeft" size={16} />}
                  onClick={() => choose('')}
                >
                  All organizations
                </Button>
              )}
              {panel}
            </div>
          ) : (
            !isNarrow && (
              <div className={`panel ${classes.panel}`}>
                <Text c="dimmed" size="sm" p="md">
                  Choose an organization to see who belongs to it.
                </Text>
              </div>
            )
          )}
        </div>
      )}
      {isAdding && <OrganizationForm parent={undefined} close={() => setIsAdding(false)} onSaved={choose} />}
    </>
  )
}
