import { Badge, Button, Checkbox, Group, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import {
  ColorSchemeChoice,
  ErrorState,
  mayBeSignedIn,
  type OnTheWire,
  Problem,
  sessionQuery,
  signOut,
  usePageTitle,
  Wordmark,
} from '#platform/console'
import type { Question as QuestionAnswer } from '../answers.ts'
import classes from './question.module.css'

export type Question = OnTheWire<QuestionAnswer>

/** The frame of the pages on which somebody is asked; who is not signed in does that first, and comes back. */
export function QuestionFrame({ title, children }: { title: string; children: ReactNode }) {
  usePageTitle(title)
  const isStranger = !mayBeSignedIn()
  const { data, error, refetch } = useQuery({ ...sessionQuery, enabled: !isStranger })
  const isSignedOut = isStranger || (error instanceof Problem && error.status === 401)
  useEffect(() => {
    if (isSignedOut) window.location.replace(`/sign-in?${new URLSearchParams({ next: here() })}`)
  }, [isSignedOut])
  return (
    <div className={classes.page}>
      <main className={classes.card}>
        <Wordmark size={30} />
        {data ? children : error && !isSignedOut && <ErrorState error={error} retry={() => void refetch()} />}
        <Group justify="flex-end" mt="xl">
          <ColorSchemeChoice />
        </Group>
      </main>
    </div>
  )
}

const here = () => window.location.pathname + window.location.search

/** As whom one answers; whoever finds somebody else there signs in as himself, and comes back. */
export function SignedInAs({ user }: { user: Question['user'] }) {
  return (
    <div className={`panel ${classes.who}`}>
      <Text size="sm" style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        You are signed in as <strong>{user.name}</strong>
        {user.email && user.email !== user.name && <> ({user.email})</>}
      </Text>
      <Button
        size="compact-xs"
        variant="subtle"
        px={0}
        onClick={() => void signOut(`/sign-in?${new URLSearchParams({ next: here() })}`)}
      >
        Somebody else?
      </Button>
    </div>
  )
}

/** Most applications only sign people in. */
export const titleOf = ({ client, scopes }: Pick<Question, 'client' | 'scopes'>, on = '') =>
  `${client.name}${on} wants to ${scopes.some(({ name }) => isOfApi(name)) ? 'act for you' : 'know who you are'}`

type Answer = (decision: 'allow' | 'deny', scopes?: string[]) => void

/** What is asked, in words, with what it will not get; scopes can be left out, except that one is signed in. */
export function Asked({ question, isPending, answer }: { question: Question; isPending: boolean; answer: Answer }) {
  const { tenant, scopes } = question
  const [left, setLeft] = useState<readonly string[]>([])
  const identity = scopes.filter(({ name }) => !isOfApi(name))
  const api = scopes.filter(({ name }) => isOfApi(name))
  const toggle = (name: string) => setLeft(left.includes(name) ? left.filter(other => other !== name) : [...left, name])
  const chosen = scopes.map(({ name }) => name).filter(name => !left.includes(name))
  return (
    <Stack gap="md">
      {identity.length > 0 && <Part title="About you it may" scopes={identity} left={left} toggle={toggle} />}
      {api.length > 0 && (
        <Part
          title={`In ${tenant.name} it may, as you`}
          scopes={api}
          left={left}
          toggle={toggle}
          note="At most what you may do yourself, at that moment."
        />
      )}
      <div>
        <Title order={2} size="h4" mb={4}>
          It does not get
        </Title>
        <ul className={classes.not}>
          <li>your password or a way to sign in as you</li>
          <li>anything in your other workspaces</li>
          {api.length === 0 && <li>anything that is in {tenant.name}, such as its lists or members</li>}
          {api.length > 0 && <li>anything in {tenant.name} that is not named above</li>}
        </ul>
      </div>
      <Group grow>
        <Button variant="default" disabled={isPending} onClick={() => answer('deny')}>
          Deny
        </Button>
        <Button loading={isPending} disabled={chosen.length === 0} onClick={() => answer('allow', chosen)}>
          Allow
        </Button>
      </Group>
    </Stack>
  )
}

const isOfApi = (name: string) => name === '*' || name.includes('.')

type PartProps = {
  title: string
  scopes: Question['scopes']
  left: readonly string[]
  toggle: (name: string) => void
  note?: string
}

function Part({ title, scopes, left, toggle, note }: PartProps) {
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0, minWidth: 0 }}>
      <Title order={2} size="h4" mb={6} p={0} component="legend">
        {title}
      </Title>
      <div className={`panel ${classes.scopes}`}>
        {scopes.map(({ name, description, isNew }) => (
          <Checkbox
            key={name}
            checked={!left.includes(name)}
            disabled={name === 'openid'}
            onChange={() => toggle(name)}
            label={
              <Group gap={8} component="span">
                <span>{description}</span>
                {!isNew && (
                  <Badge color="gray" variant="light" size="xs" tt="none" component="span">
                    allowed before
                  </Badge>
                )}
              </Group>
            }
          />
        ))}
      </div>
      {note && (
        <Text size="xs" c="dimmed" mt={4}>
          {note}
        </Text>
      )}
    </fieldset>
  )
}

/** Who is signed in is no member where the application asks: for him there is nothing to allow. */
export function NoMember({ question, isPending, deny }: { question: Question; isPending: boolean; deny: () => void }) {
  return (
    <Stack gap="md">
      <Text>
        {question.client.name} asks for {question.tenant.name}, and you are no member of that workspace, or may not be
        in it now. Sign in with the account that you use there, or ask its administrators to invite you.
      </Text>
      <Group grow>
        <Button variant="default" loading={isPending} onClick={deny}>
          Back to the application
        </Button>
        <Button onClick={() => void signOut(`/sign-in?${new URLSearchParams({ next: here() })}`)}>
          Sign in as somebody else
        </Button>
      </Group>
    </Stack>
  )
}
