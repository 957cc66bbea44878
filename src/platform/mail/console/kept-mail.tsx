import { Button, CopyButton, Group, SegmentedControl, Skeleton, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ErrorState, formatExactTime, Icon } from '#platform/console'
import { type KeptMailContent, keptMailQuery } from './kept-mails.ts'
import classes from './mailbox.module.css'

/** One mail, with its link within reach. */
export function KeptMailView({ id, close }: { id: string; close: () => void }) {
  const query = useQuery(keptMailQuery(id))
  const [view, setView] = useState<'html' | 'text'>('html')
  return (
    <article className="panel">
      <div className={classes.back}>
        <Button variant="subtle" size="xs" leftSection={<Icon name="arrowLeft" size={16} />} onClick={close}>
          All mails
        </Button>
      </div>
      {query.isPending ? (
        <div role="status" aria-label="Loading the mail">
          <Skeleton height={320} />
        </div>
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        <>
          <Heading mail={query.data} />
          <div className={classes.choice}>
            <SegmentedControl
              size="xs"
              aria-label="Shown as"
              value={view}
              onChange={value => setView(value as typeof view)}
              data={[
                { value: 'html', label: 'Formatted' },
                { value: 'text', label: 'Plain text' },
              ]}
            />
          </div>
          {view === 'html' ? (
            <Formatted html={query.data.html} subject={query.data.subject} />
          ) : (
            <pre className={classes.text}>{query.data.text}</pre>
          )}
        </>
      )}
    </article>
  )
}

function Heading({ mail }: { mail: KeptMailContent }) {
  return (
    <div className={classes.heading}>
      <Title order={2}>{mail.subject}</Title>
      <Text size="sm" c="dimmed" mt={4}>
        To {mail.to}, <time dateTime={mail.createdAt}>{formatExactTime(mail.createdAt)}</time>
      </Text>
      <Text size="xs" c="dimmed" className="mono">
        {mail.name}
      </Text>
      {mail.link !== null && (
        <Group gap="xs" mt="sm">
          <Button component="a" href={mail.link} size="xs">
            Open the link
          </Button>
          <CopyButton value={mail.link}>
            {({ copied, copy }) => (
              <Button variant="default" size="xs" onClick={copy} leftSection={<Icon name="copy" size={15} />}>
                {copied ? 'Copied' : 'Copy the link'}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
    </div>
  )
}

/**
 * The mail as mail programs show it: in a frame that runs nothing and sends no forms. It counts as of this page, without
 * which its height could not be asked for; its links open in this window, when they are clicked.
 */
function Formatted({ html, subject }: { html: string; subject: string }) {
  const [height, setHeight] = useState(420)
  return (
    <iframe
      className={classes.frame}
      title={`The mail: ${subject}`}
      sandbox="allow-same-origin allow-top-navigation-by-user-activation"
      srcDoc={html.replace('<head>', '<head><base target="_top">')}
      style={{ height }}
      onLoad={event => setHeight(event.currentTarget.contentDocument?.documentElement.scrollHeight ?? height)}
    />
  )
}
