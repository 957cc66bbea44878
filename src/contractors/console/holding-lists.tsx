import { Anchor, Button, CloseButton, Group, Loader, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { Icon, PageLink, useSession } from '#platform/console'
import type { ContractorInFull } from './contractors.ts'
import { ListMenu } from './list-menu.tsx'
import { holdingListsQuery, useHolding, useLists } from './lists.ts'
import classes from './profile.module.css'
import { Part } from './profile-part.tsx'

/** The lists that one sees and that hold the contractor. */
export function HoldingLists({ contractor }: { contractor: ContractorInFull }) {
  const { can } = useSession()
  const holders = useQuery({ ...holdingListsQuery(contractor.id), enabled: can('contractors.lists.read') })
  const lists = useLists()
  if (!can('contractors.lists.read')) return null
  const mayChange = (id: string) =>
    can('contractors.lists.write') && lists.data?.some(list => list.id === id && list.mayEdit) === true
  return (
    <Part title="In lists" actions={!contractor.mergedInto && <ListMenu contractor={contractor} labelled />}>
      {holders.isPending ? (
        <Loader size="xs" m={20} aria-label="Loading the lists" />
      ) : holders.isError ? (
        <Group px={20} pb={16} role="alert">
          <Text size="sm">The lists could not be loaded.</Text>
          <Button size="xs" variant="default" onClick={() => void holders.refetch()}>
            Try again
          </Button>
        </Group>
      ) : holders.data.items.length === 0 ? (
        <Text size="sm" c="dimmed" px={20} pb={16}>
          In none of the lists that you see.
        </Text>
      ) : (
        <ul className={classes.chips} style={{ display: 'grid' }}>
          {holders.data.items.map(({ id, name, itemId }) => (
            <Group key={itemId} component="li" justify="space-between" wrap="nowrap" gap="xs">
              <Anchor component={PageLink} to={`/lists/${id}`} size="sm">
                <Group gap={6} wrap="nowrap">
                  <Icon name="list" size={15} />
                  {name}
                </Group>
              </Anchor>
              {mayChange(id) && <Removal contractor={contractor} listId={id} itemId={itemId} name={name} />}
            </Group>
          ))}
        </ul>
      )}
    </Part>
  )
}

type RemovalProps = { contractor: ContractorInFull; listId: string; itemId: string; name: string }

function Removal({ contractor, listId, itemId, name }: RemovalProps) {
  const holding = useHolding(contractor)
  return (
    <CloseButton
      size="sm"
      aria-label={`Remove ${contractor.name} from ${name}`}
      disabled={holding.isPending}
      onClick={() =>
        holding.mutate(
          { listId, itemId },
          { onError: error => notifications.show({ color: 'red', title: 'Not removed', message: error.message }) },
        )
      }
    />
  )
}
