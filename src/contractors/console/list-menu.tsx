import { ActionIcon, Button, Loader, Menu, Text, Tooltip } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, PageLink, useSession } from '#platform/console'
import type { Contractor } from './contractors.ts'
import { ListIcon } from './list-icon.tsx'
import { holdingListsQuery, inOrder, type List, useFavourites, useHolding, useLists } from './lists.ts'

type Named = Pick<Contractor, 'id' | 'name'>

/** One press puts the contractor among the favourites, another takes it out. */
export function FavouriteButton({ contractor, labelled }: { contractor: Named; labelled?: boolean }) {
  const { can } = useSession()
  const { list, itemOf } = useFavourites()
  const holding = useHolding(contractor)
  if (!list || !can('contractors.lists.write')) return null

  const itemId = itemOf(contractor.id)
  const held = holding.isPending ? !holding.variables.itemId : itemId !== undefined
  const label = held ? `Remove ${contractor.name} from ${list.name}` : `Add ${contractor.name} to ${list.name}`
  const press = () =>
    !holding.isPending &&
    holding.mutate(
      { listId: list.id, itemId },
      { onError: error => notifications.show({ color: 'red', title: 'Not saved', message: error.message }) },
    )
  const star = <Icon name="star" filled={held} style={{ color: held ? 'var(--ch-star)' : undefined }} />

  if (labelled) {
    return (
      <Button variant="default" leftSection={star} onClick={press}>
        {held ? 'In favourites' : 'Add to favourites'}
      </Button>
    )
  }
  return (
    <Tooltip label={held ? 'Remove from favourites' : 'Add to favourites'} openDelay={500}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} onClick={press}>
        {star}
      </ActionIcon>
    </Tooltip>
  )
}

/** All lists that one may change, checked where they hold the contractor. */
export function ListMenu({ contractor, labelled }: { contractor: Named; labelled?: boolean }) {
  const { can } = useSession()
  const [opened, setOpened] = useState(false)
  if (!can('contractors.lists.write')) return null
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" width={260} closeOnItemClick={false}>
      <Menu.Target>
        {labelled ? (
          <Button variant="default" rightSection={<Icon name="chevronDown" size={15} />}>
            Lists
          </Button>
        ) : (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Lists of ${contractor.name}`}>
            <Icon name="more" />
          </ActionIcon>
        )}
      </Menu.Target>
      <Menu.Dropdown>{opened && <Choices contractor={contractor} />}</Menu.Dropdown>
    </Menu>
  )
}

function Choices({ contractor }: { contractor: Named }) {
  const lists = useLists()
  const holders = useQuery(holdingListsQuery(contractor.id))
  if (lists.isPending || holders.isPending) return <Loader size="xs" m="sm" aria-label="Loading the lists" />
  if (lists.isError || holders.isError) {
    return (
      <Text size="sm" p="xs" role="alert">
        The lists could not be loaded.
      </Text>
    )
  }
  const editable = inOrder(lists.data).filter(list => list.mayEdit)
  return (
    <>
      <Menu.Label>Keep {contractor.name} in</Menu.Label>
      {editable.map(list => (
        <Choice
          key={list.id}
          list={list}
          contractor={contractor}
          itemId={holders.data.items.find(held => held.id === list.id)?.itemId}
        />
      ))}
      <Menu.Divider />
      <Menu.Item
        closeMenuOnClick
        component={PageLink}
        to="/lists"
        search={{ create: contractor.id }}
        leftSection={<Icon name="plus" size={16} />}
      >
        New list with it
      </Menu.Item>
    </>
  )
}

function Choice({ list, contractor, itemId }: { list: List; contractor: Named; itemId: string | undefined }) {
  const holding = useHolding(contractor)
  const checked = holding.isPending ? !holding.variables.itemId : itemId !== undefined
  return (
    <Menu.CheckboxItem
      checked={checked}
      disabled={holding.isPending}
      onChange={() =>
        holding.mutate(
          { listId: list.id, itemId },
          { onError: error => notifications.show({ color: 'red', title: 'Not saved', message: error.message }) },
        )
      }
      rightSection={<ListIcon list={list} size={15} />}
    >
      {list.name}
    </Menu.CheckboxItem>
  )
}
