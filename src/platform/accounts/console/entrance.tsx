import { Alert, Anchor, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import {
  ColorSchemeChoice,
  entranceQuery,
  Icon,
  PageLink,
  Problem,
  useBrand,
  usePageTitle,
  useShownBrand,
  Wordmark,
} from '#platform/console'
import classes from './entrance.module.css'

/** The frame of the pages before one is signed in. */
export function Entrance({ title, lead, children, other }: EntranceProps) {
  usePageTitle(title)
  // Also on a workspace's own host: whoever comes there sees whose it is.
  useShownBrand(useQuery(entranceQuery).data?.tenant)
  const brand = useBrand()
  return (
    <div className={classes.page}>
      <main className={classes.form}>
        <Wordmark size={30} />
        {brand && (
          <Text fw={600} mt="md">
            {brand.name}
          </Text>
        )}
        <Title order={1} mt={36} mb={4}>
          {title}
        </Title>
        <Text c="dimmed" size="sm" mb="lg">
          {lead}
        </Text>
        {children}
        <div className={classes.foot}>
          <Text size="sm">{other}</Text>
          <ColorSchemeChoice />
        </div>
      </main>
      <aside className={classes.aside} aria-label="About Commonhold">
        <Units />
        <p>Each workspace has its own rooms. The ground they stand on is shared.</p>
        <p>
          What one workspace writes, no other can read: the database itself refuses, and every change leaves a trace.
        </p>
      </aside>
    </div>
  )
}

type EntranceProps = { title: string; lead: ReactNode; children: ReactNode; other: ReactNode }

/** Instead of the form, while the installation has no account by which one could sign in. */
export function SetUpFirst() {
  return (
    <Alert variant="light" icon={<Icon name="info" />} title="Commonhold is not set up yet">
      Open the link that the server printed when it started: it makes the first account. It works once and for 24 hours;
      each start of the server prints a new one until it is used.
    </Alert>
  )
}

/** Where the mail to this address is, while no mail server is set. */
export function MailboxHint({ email }: { email: string }) {
  return (
    <Alert variant="light" icon={<Icon name="mail" />} title="No mail server is set" mb="md">
      Mails are kept on this computer.{' '}
      <Anchor component={PageLink} to="/mailbox" search={{ q: email.trim() }} size="sm" underline="always">
        Open the mailbox
      </Anchor>
    </Alert>
  )
}

/** What was refused as a whole; what concerns one field stands beside that field. */
export function Refusal({ error }: { error: unknown }) {
  if (!error || (error instanceof Problem && Object.keys(error.fields).length > 0)) return null
  return (
    <Alert color="red" variant="light" icon={<Icon name="alert" />} role="alert" mb="md">
      {error instanceof Error ? error.message : 'Something went wrong. Try again.'}
    </Alert>
  )
}

function Units() {
  const lit = new Set(['0-1', '1-3', '2-0', '2-2', '3-4', '1-0', '0-4'])
  return (
    <svg viewBox="0 0 430 236" aria-hidden="true">
      {[0, 1, 2, 3].flatMap(row =>
        [0, 1, 2, 3, 4].map(column => (
          <rect
            key={`${row}-${column}`}
            x={column * 87}
            y={row * 50}
            width="78"
            height="41"
            rx="5"
            fill={lit.has(`${row}-${column}`) ? '#8fc7b3' : '#1d5446'}
          />
        )),
      )}
      <rect y="204" width="426" height="12" rx="6" fill="#dfeae5" />
    </svg>
  )
}
