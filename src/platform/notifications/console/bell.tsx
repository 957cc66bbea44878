import { Button, Group, Indicator, Popover, Skeleton, Text, Title, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useLocation } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { ErrorState, Icon, PageLink, showTitleBadge } from '#platform/console'
import { useLiveUpdates } from './live-updates.ts'
import { NotificationItem } from './notification-item.tsx'
import classes from './notifications.module.css'
import { latestQuery, unreadInWords, unreadQuery, useMarkingAll } from './own-notifications.ts'

const pollEvery = 60_000

/** What is new, on every page: a count, and the latest on demand. */
export function Bell() {
  const isLive = useLiveUpdates()
  const { data } = useQuery({ ...unreadQuery, refetchInterval: isLive ? false : pollEvery })
  const [opened, { toggle, close }] = useDisclosure(false)
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is the reason to close
  useEffect(close, [pathname])
  const count = data && data.unread > 0 ? unreadInWords(data) : ''
  useEffect(() => showTitleBadge(count), [count])
  const words = count ? `Notifications, ${count} unread` : 'Notifications'
  return (
    <>
      <Popover opened={opened} onChange={close} width={380} position="bottom-start" trapFocus returnFocus shadow="md">
        <Popover.Target>
          <UnstyledButton p={9} aria-label={words} className={classes.bell} onClick={toggle}>
            <Indicator disabled={!count} label={count} size={16} color="red.9" offset={3}>
              <Icon name="bell" size={20} />
            </Indicator>
          </UnstyledButton>
        </Popover.Target>
        <Popover.Dropdown p={0} className={classes.dropdown}>
          {opened && <Latest close={close} />}
        </Popover.Dropdown>
      </Popover>
      <Announcement unread={data?.unread} />
    </>
  )
}

/** Says when something has come; not how many there were when the page was opened. */
function Announcement({ unread }: { unread: number | undefined }) {
  const before = useRef(unread)
  const [words, setWords] = useState('')
  useEffect(() => {
    const { current } = before
    before.current = unread
    if (unread === undefined || current === undefined) return
    if (unread > current)
      setWords(`${unread - current === 1 ? 'A new notification' : 'New notifications'}. ${unread} unread.`)
    else if (unread < current) setWords('')
  }, [unread])
  return (
    <span className="visually-hidden" role="status">
      {words}
    </span>
  )
}

function Latest({ close }: { close: () => void }) {
  const { data, isPending, error, refetch } = useQuery(latestQuery)
  const markAll = useMarkingAll()
  const newest = data?.items[0]
  const hasUnread = data?.items.some(({ read }) => !read)
  return (
    <>
      <Group justify="space-between" px="md" py="xs" className={classes.top}>
        <Title order={2} size="h4">
          Notifications
        </Title>
        {newest && hasUnread && (
          <Button
            size="compact-sm"
            variant="subtle"
            loading={markAll.isPending}
            onClick={() => markAll.mutate(newest.id)}
          >
            Mark all as read
          </Button>
        )}
      </Group>
      <div className={classes.latest}>
        {isPending ? (
          <Skeleton height={120} m="md" w="auto" />
        ) : error ? (
          <div style={{ padding: '0 16px' }}>
            <ErrorState error={error} retry={() => void refetch()} />
          </div>
        ) : data.items.length === 0 ? (
          <Text c="dimmed" size="sm" p="md">
            Nothing yet. What happens in your workspaces and to your account is told here.
          </Text>
        ) : (
          <ul className={classes.items}>
            {data.items.map(notification => (
              <NotificationItem key={notification.id} notification={notification} onOpen={close} isShort />
            ))}
          </ul>
        )}
      </div>
      <Group justify="space-between" px="md" py="xs" className={classes.bottom}>
        <PageLink to="/notifications" onClick={close}>
          See all
        </PageLink>
        <PageLink to="/account/notifications" onClick={close}>
          How you are told
        </PageLink>
      </Group>
    </>
  )
}
