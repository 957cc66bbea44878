import { ActionIcon, Badge, Button, Group, Menu, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { EmptyState, ErrorState, formatAgo, formatCount, Icon, PageHeader, PageLink } from '#platform/console'
import { SaveSearch } from './save-search.tsx'
import classes from './saved.module.css'
import { addressOf, alertStates, type SavedSearch, savedSearchesQuery, useDeletion } from './saved-searches.ts'
import { wordsOf } from './terms.ts'

export function Page() {
  const { data, isPending, error, refetch } = useQuery(savedSearchesQuery)
  const [changed, setChanged] = useState<SavedSearch>()
  const [deleted, setDeleted] = useState<SavedSearch>()
  return (
    <>
      <PageHeader
        title="Saved searches"
        lead="Yours alone. Each tells you, if you wish, of contractors that are new in it."
        actions={
          <Button
            component={PageLink}
            to="/contractors"
            variant="default"
            leftSection={<Icon name="search" size={16} />}
          >
            Search
          </Button>
        }
      />
      {isPending ? (
        <Stack gap="xs" role="status" aria-label="Loading">
          <Skeleton height={64} />
          <Skeleton height={64} />
        </Stack>
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data.items.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="search"
            title="No search is saved yet"
            action={
              <Button component={PageLink} to="/contractors">
                Search contractors
              </Button>
            }
          >
            Search for contractors, then choose “Save search”: it is here when you come back, and tells you what is new.
          </EmptyState>
        </div>
      ) : (
        <ul className={`panel ${classes.list}`} aria-label="Saved searches">
          {data.items.map(saved => (
            <li key={saved.id} className={classes.item}>
              <div style={{ minWidth: 0, flex: 1 }}>
                <Group gap="xs" wrap="nowrap">
                  <Text truncate component="div">
                    <PageLink to="/contractors" search={addressOf(saved)} className={classes.name}>
                      {saved.name}
                    </PageLink>
                  </Text>
                  {saved.newCount > 0 && (
                    <Badge size="sm" variant="light" style={{ flex: 'none' }}>
                      {formatCount(saved.newCount)} new
                    </Badge>
                  )}
                </Group>
                <Text size="xs" c="dimmed" lineClamp={2}>
                  {wordsOf(saved.search, data.names)}
                </Text>
                <Text size="xs" c="dimmed">
                  {alertStates[saved.alert]} · looked at {formatAgo(saved.checkedAt)}
                </Text>
              </div>
              <Menu position="bottom-end" width={200}>
                <Menu.Target>
                  <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Actions for ${saved.name}`}>
                    <Icon name="more" />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item leftSection={<Icon name="pencil" size={16} />} onClick={() => setChanged(saved)}>
                    Name and alerts
                  </Menu.Item>
                  <Menu.Item
                    color="red"
                    leftSection={<Icon name="trash" size={16} />}
                    onClick={() => setDeleted(saved)}
                  >
                    Delete
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            </li>
          ))}
        </ul>
      )}
      {changed && <SaveSearch saved={changed} close={() => setChanged(undefined)} />}
      {deleted && <Deletion saved={deleted} close={() => setDeleted(undefined)} />}
    </>
  )
}

function Deletion({ saved, close }: { saved: SavedSearch; close: () => void }) {
  const deletion = useDeletion()
  return (
    <Modal opened onClose={close} title="Delete the saved search" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text>
        “{saved.name}” is deleted, and you are not told of it any more. Contractors and lists stay as they are.
      </Text>
      {deletion.error && (
        <Text c="var(--mantine-color-error)" size="sm" mt="sm" role="alert">
          {deletion.error.message}
        </Text>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close} data-autofocus>
          Cancel
        </Button>
        <Button
          color="red"
          loading={deletion.isPending}
          onClick={() => deletion.mutate(saved.id, { onSuccess: close })}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  )
}
