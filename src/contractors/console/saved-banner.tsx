import { Anchor, Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { formatCount, Icon } from '#platform/console'
import type { Search } from '../search/search.ts'
import { SaveSearch } from './save-search.tsx'
import { alertStates, type SavedSearch, useSaving } from './saved-searches.ts'
import classes from './search.module.css'

/** Which saved search is shown, what is new in it, and whether it has been changed since it was saved. */
export function SavedBanner({ saved, unseen, search, leave }: SavedBannerProps) {
  const [isOpen, { open, close }] = useDisclosure(false)
  const saving = useSaving()
  const isChanged = plain(search) !== plain(saved.search)
  const keep = () =>
    saving.mutate({ id: saved.id, search }, { onSuccess: () => notifications.show({ message: 'Saved' }) })
  return (
    <Group className={classes.saved} justify="space-between" gap="xs">
      <Group gap="xs" style={{ minWidth: 0 }}>
        <Icon name="bell" size={16} />
        <Text size="sm" fw={600}>
          {saved.name}
        </Text>
        <Text size="sm" c="dimmed">
          {unseen > 0 ? `${formatCount(saved.newCount)} new since you looked` : 'Nothing new since you looked'}
          {isChanged ? '' : ` · ${alertStates[saved.alert]}`}
        </Text>
      </Group>
      <Group gap="sm">
        {isChanged && (
          <Button size="xs" variant="default" loading={saving.isPending} onClick={keep}>
            Save the changes
          </Button>
        )}
        <Anchor component="button" type="button" size="sm" onClick={open}>
          Name and alerts
        </Anchor>
        <Anchor component="button" type="button" size="sm" onClick={leave}>
          Leave it
        </Anchor>
      </Group>
      {isOpen && <SaveSearch saved={saved} close={close} />}
    </Group>
  )
}

type SavedBannerProps = { saved: SavedSearch; unseen: number; search: Search; leave: () => void }

const plain = (search: Search) => JSON.stringify(Object.entries(search).sort(([a], [b]) => (a < b ? -1 : 1)))
