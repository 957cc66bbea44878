import { Alert, Button, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Icon, PageLink, Problem, useLinkToken, usePageTitle, Wordmark } from '#platform/console'
import classes from './notifications.module.css'

/** The page of the link in mails that one may do without. Opening it does nothing: programs that look for malice open links. */
export function Page() {
  usePageTitle('Stop mails')
  const token = useLinkToken()
  // Another link in the same tab loads nothing anew.
  return <Ending key={token} token={token} />
}

function Ending({ token }: { token: string }) {
  const ending = useMutation({ mutationFn: () => unsubscribe(token) })
  return (
    <main className={classes.page}>
      <div>
        <Wordmark size={30} />
        <Title order={1} mt={32} mb={6}>
          {ending.data ? 'You get no more of these mails' : 'Stop these mails?'}
        </Title>
        <Text c="dimmed" mb="lg" role="status">
          {ending.data
            ? `Not mailed any more: ${ending.data.ended}. You find it under the bell as before.`
            : token !== '' && 'The console still tells you. Nothing else of your account changes.'}
        </Text>
        {(token === '' || ending.error) && (
          <Alert
            color="red"
            variant="light"
            icon={<Icon name="alert" />}
            title="The link is not whole"
            role="alert"
            mb="md"
          >
            {ending.error?.message ?? 'Open the link in the mail exactly as it stands there.'}
          </Alert>
        )}
        {ending.data || ending.error || token === '' ? (
          <Button component={PageLink} to="/account/notifications" variant="default">
            Choose how you are told
          </Button>
        ) : (
          <Button fullWidth loading={ending.isPending} onClick={() => ending.mutate()}>
            Stop these mails
          </Button>
        )}
      </div>
    </main>
  )
}

/** As mail programs ask, which send no JSON. */
async function unsubscribe(token: string): Promise<{ ended: string }> {
  const answer = await fetch(`/api/v1/notifications/unsubscribe?token=${encodeURIComponent(token)}`, {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
  })
  const body = await answer.json().catch(() => ({}))
  if (answer.ok) return body
  throw new Problem(answer.status, body.code ?? 'console.unknown', body.detail ?? 'It did not work. Try again later.')
}
