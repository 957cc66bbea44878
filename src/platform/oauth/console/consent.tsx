import { Alert, Anchor, Button, Group, Loader, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { confirmPerson, Icon, type OnTheWire, Problem, Refusal, request } from '#platform/console'
import type { InteractionQuestion as InteractionAnswer } from '../answers.ts'
import { Asked, NoMember, QuestionFrame, SignedInAs, titleOf } from './question.tsx'

type InteractionQuestion = OnTheWire<InteractionAnswer>

/** The page to which an issuer sends people: what an application asks, from whom, and the answer. */
export function Page() {
  const { uid = '' } = useParams({ strict: false })
  return (
    <QuestionFrame title="Allow an application?">
      <Interaction uid={uid} />
    </QuestionFrame>
  )
}

function Interaction({ uid }: { uid: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['oauth-interactions', uid],
    queryFn: ({ signal }) => request<InteractionQuestion>(`/oauth/interactions/${uid}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  if (error) return <Gone error={error} />
  if (!data) {
    return (
      <div role="status" aria-label="Loading what is asked">
        <Skeleton height={260} mt="xl" />
      </div>
    )
  }
  return <Ask question={data} askAgain={() => void refetch()} />
}

function Gone({ error }: { error: Error }) {
  const isOver =
    error instanceof Problem && ['oauth.interaction_not_found', 'oauth.interaction_settled'].includes(error.code)
  return (
    <>
      <Title order={1} mt={32} mb="md">
        {isOver ? 'This request is over' : 'This cannot be asked'}
      </Title>
      <Alert color={isOver ? 'yellow' : 'red'} variant="light" icon={<Icon name="alert" />} role="alert">
        {error.message}
      </Alert>
    </>
  )
}

function Ask({ question, askAgain }: { question: InteractionQuestion; askAgain: () => void }) {
  const { uid, client, tenant, user, needs } = question
  const answering = useMutation({
    mutationFn: (answer: { decision: 'allow' | 'deny'; scopes?: string[] }) =>
      request<{ redirectTo: string }>(`/oauth/interactions/${uid}`, {
        method: 'POST',
        body: answer,
        // A denial is for everybody, also for who is no member there.
        ...(answer.decision === 'allow' && { tenantId: tenant.id }),
      }),
    onSuccess: ({ redirectTo }) => window.location.assign(redirectTo),
  })
  const confirming = useMutation({ mutationFn: () => confirmPerson('sensitive'), onSuccess: askAgain })
  // Once, also where React draws twice.
  const isSent = useRef(false)
  const { mutate } = answering
  useEffect(() => {
    if (needs !== 'nothing' || isSent.current) return
    isSent.current = true
    mutate({ decision: 'allow' })
  }, [needs, mutate])
  // The answer is on its way to the application: the page stays as it is until the browser has left.
  const isPending = answering.isPending || answering.isSuccess
  const deny = () => answering.mutate({ decision: 'deny' })

  if (needs === 'nothing' && !answering.error)
    return (
      <Group mt="xl" role="status">
        <Loader size="sm" />
        <Text>Signing you in to {client.name}…</Text>
      </Group>
    )
  return (
    <>
      <Title order={1} mt={32} mb={6} style={{ overflowWrap: 'anywhere' }}>
        {needs === 'confirmation' ? `Go on to ${client.name}?` : titleOf(question)}
      </Title>
      <Text c="dimmed" mb="md" style={{ overflowWrap: 'anywhere' }}>
        in the workspace <strong>{tenant.name}</strong>.{' '}
        {client.isPlatform ? 'It belongs to this installation.' : `It was made in ${tenant.name}.`}{' '}
        {client.redirectHost && (
          <>
            Afterwards you are sent to <span className="mono">{client.redirectHost}</span>.
          </>
        )}{' '}
        {client.website && (
          <Anchor href={client.website} rel="noreferrer" target="_blank" size="sm">
            About it
          </Anchor>
        )}
      </Text>
      <SignedInAs user={user} />
      <Refusal error={answering.error ?? confirming.error} mb="md" />
      {needs === 'membership' ? (
        <NoMember question={question} isPending={isPending} deny={deny} />
      ) : needs === 'sign_in' ? (
        <Stack gap="md">
          <Text>{client.name} wants you to show again who you are, before it goes on.</Text>
          <Group grow>
            <Button variant="default" disabled={isPending} onClick={deny}>
              Deny
            </Button>
            <Button loading={confirming.isPending} onClick={() => confirming.mutate()}>
              Confirm that it is me
            </Button>
          </Group>
        </Stack>
      ) : needs === 'consent' ? (
        <Asked
          question={question}
          isPending={isPending}
          answer={(decision, scopes) => answering.mutate({ decision, ...(scopes && { scopes }) })}
        />
      ) : (
        <Stack gap="md">
          <Text>You have allowed it before what it asks now. Go on only if you have just begun this yourself.</Text>
          <Group grow>
            <Button variant="default" disabled={isPending} onClick={deny}>
              Deny
            </Button>
            <Button loading={isPending} onClick={() => answering.mutate({ decision: 'allow' })}>
              Go on
            </Button>
          </Group>
        </Stack>
      )}
    </>
  )
}
