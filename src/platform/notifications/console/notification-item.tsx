import { ActionIcon, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { formatAgo, formatTime, Icon, PageLink } from '#platform/console'
import classes from './notifications.module.css'
import { type Notification, useMarking, useRemoval } from './own-notifications.ts'

type ItemProps = {
  notification: Notification
  onOpen?: () => void
  /** Under the bell: without what can be done besides opening it. */
  isShort?: boolean
}

/** One thing that was told. To open where it leads marks it as read. */
export function NotificationItem({ notification, onOpen, isShort }: ItemProps) {
  const { id, title, message, link, read, createdAt } = notification
  const marking = useMarking()
  const removal = useRemoval()
  const tell = (error: Error) =>
    notifications.show({ color: 'red', title: 'It was not changed', message: error.message })
  const mark = (isRead: boolean) => marking.mutate({ id, isRead }, { onError: tell })
  const open = () => {
    if (!read) mark(true)
    onOpen?.()
  }
  return (
    <li className={classes.item} data-unread={!read || undefined}>
      <span className={classes.dot} aria-hidden="true" />
      <div className={classes.what}>
        {!read && <span className="visually-hidden">Unread: </span>}
        {link ? (
          <PageLink to={link} onClick={open} className={classes.title}>
            {title}
          </PageLink>
        ) : (
          <span className={classes.title}>{title}</span>
        )}
        {message && (
          <Text size="sm" lineClamp={isShort ? 2 : undefined} className={classes.message}>
            {message}
          </Text>
        )}
        <Text size="xs" c="dimmed">
          <time dateTime={createdAt} title={formatTime(createdAt)}>
            {formatAgo(createdAt)}
          </time>
        </Text>
      </div>
      {!isShort && (
        <div className={classes.actions}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            loading={marking.isPending}
            aria-label={read ? `Mark as unread: ${title}` : `Mark as read: ${title}`}
            title={read ? 'Mark as unread' : 'Mark as read'}
            onClick={() => mark(!read)}
          >
            <Icon name={read ? 'mail' : 'check'} />
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            loading={removal.isPending}
            aria-label={`Remove: ${title}`}
            title="Remove"
            onClick={() => removal.mutate(id, { onError: tell })}
          >
            <Icon name="close" />
          </ActionIcon>
        </div>
      )}
    </li>
  )
}
