import { Button, Group, Skeleton, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import {
  ColorSchemeChoice,
  EmptyState,
  ErrorState,
  formatTime,
  Icon,
  LoadMore,
  PageHeader,
  PageLink,
  Problem,
  useAddress,
  usePageTitle,
  Wordmark,
} from '#platform/console'
import { KeptMailView } from './kept-mail.tsx'
import { type KeptMail, keptMailsQuery, readMailbox } from './kept-mails.ts'
import classes from './mailbox.module.css'

/** The mails of a development installation, beside each other on a wide window, one at a time on a narrow one. */
export function Page() {
  usePageTitle('Mailbox')
  const [{ q, mail }, change] = useAddress(readMailbox)
  const query = useInfiniteQuery({ ...keptMailsQuery(q), placeholderData: keepPreviousData })
  const mails = query.data?.pages.flatMap(page => page.items) ?? []
  const isClosed = query.error instanceof Problem && query.error.code === 'mail.mailbox_closed'
  return (
    <div className={classes.page} data-reading={mail !== '' || undefined}>
      <header className={classes.top}>
        <PageLink to="/" className="plain" aria-label="Commonhold, start">
          <Wordmark />
        </PageLink>
        <ColorSchemeChoice />
      </header>
      <main id="main" className={classes.main}>
        {isClosed ? (
          <Closed />
        ) : (
          <>
            <div className={classes.head}>
              <PageHeader
                title="Mailbox"
                lead="No mail server is set, so nothing is sent: what people would get is kept here, for this computer only."
              />
            </div>
            <div className={classes.panes}>
              <section className={classes.list} aria-label="Mails">
                <SearchBar
                  q={q}
                  change={text => change({ q: text }, true)}
                  refresh={() => void query.refetch()}
                  isRefreshing={query.isRefetching}
                />
                {query.isPending ? (
                  <div role="status" aria-label="Loading the mails">
                    <Skeleton height={260} />
                  </div>
                ) : query.isError && mails.length === 0 ? (
                  <ErrorState error={query.error} retry={() => void query.refetch()} />
                ) : mails.length === 0 ? (
                  <div className="panel">
                    <EmptyState icon="mail" title={q ? 'No mail fits' : 'No mail yet'}>
                      {q
                        ? 'The search looks at the address and at the kind of mail.'
                        : 'A mail stands here a moment after somebody asked for one. This list renews itself.'}
                    </EmptyState>
                  </div>
                ) : (
                  <>
                    <ol className={`panel ${classes.mails}`}>
                      {mails.map(each => (
                        <MailEntry key={each.id} mail={each} isOpen={each.id === mail} q={q} />
                      ))}
                    </ol>
                    <LoadMore query={query} label="Load older mails" />
                  </>
                )}
              </section>
              <section className={classes.mail} aria-label="Mail">
                {mail !== '' ? (
                  <KeptMailView key={mail} id={mail} close={() => change({ mail: '' })} />
                ) : (
                  mails.length > 0 && (
                    <div className={`panel ${classes.nothing}`}>
                      <Text c="dimmed" size="sm">
                        Choose a mail to read it.
                      </Text>
                    </div>
                  )
                )}
              </section>
            </div>
          </>
        )}
      </main>
    </div>
  )
}

function MailEntry({ mail, isOpen, q }: { mail: KeptMail; isOpen: boolean; q: string }) {
  return (
    <li>
      <PageLink to="/mailbox" search={{ q, mail: mail.id }} className={classes.entry} data-open={isOpen || undefined}>
        <span className={classes.subject}>{mail.subject}</span>
        <span className={classes.about}>
          <span className={classes.to}>{mail.to}</span>
          <time dateTime={mail.createdAt}>{formatTime(mail.createdAt)}</time>
        </span>
      </PageLink>
    </li>
  )
}

type SearchBarProps = { q: string; change: (q: string) => void; refresh: () => void; isRefreshing: boolean }

function SearchBar({ q, change, refresh, isRefreshing }: SearchBarProps) {
  const [text, setText] = useState(q)
  const [rested] = useDebouncedValue(text, 180)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was typed changes the address
  useEffect(() => {
    if (rested !== q) change(rested)
  }, [rested])
  return (
    <Group gap="xs" wrap="nowrap" align="flex-end" component="search">
      <TextInput
        type="search"
        label="Search by address"
        value={text}
        maxLength={255}
        onChange={event => setText(event.currentTarget.value)}
        leftSection={<Icon name="search" size={16} />}
        style={{ flex: 1 }}
        data-search
      />
      <Button variant="default" onClick={refresh} aria-busy={isRefreshing}>
        Refresh
      </Button>
    </Group>
  )
}

function Closed() {
  return (
    <EmptyState
      icon="mail"
      order={1}
      title="There is no mailbox here"
      action={
        <Button component={PageLink} to="/" variant="default">
          Go to the start
        </Button>
      }
    >
      It exists in development only: while no mail server is set, on the computer that Commonhold runs on, at localhost
      and without a proxy in between.
    </EmptyState>
  )
}
