import { Alert, Button, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Icon, PageLink, Refusal, request, useLinkToken, usePageTitle, Wordmark } from '#platform/console'
import type { ConfirmedEmail } from '../email-links.ts'
import classes from './profile.module.css'

/** The page of the links in mails about an address. Opening it does nothing: programs that look for malice open links. */
export function Page() {
  usePageTitle('Confirm an e-mail address')
  const token = useLinkToken()
  // Another link in the same tab loads nothing anew.
  return <Confirmation key={token} token={token} />
}

function Confirmation({ token }: { token: string }) {
  const client = useQueryClient()
  const confirm = useMutation({
    mutationFn: () => request<ConfirmedEmail>('/auth/confirm-email', { method: 'POST', body: { token } }),
    onSuccess: () => client.clear(),
  })
  const { title, text } = confirm.data
    ? outcomeOf(confirm.data)
    : { title: 'Confirm an e-mail address', text: 'This tells us that mail to your address reaches you.' }
  return (
    <main className={classes.page}>
      <div>
        <Wordmark size={30} />
        <Title order={1} mt={32} mb={6}>
          {title}
        </Title>
        <Text c="dimmed" mb="lg" role="status" style={{ overflowWrap: 'anywhere' }}>
          {!confirm.error && token !== '' && text}
        </Text>
        {token === '' && (
          <Alert color="red" variant="light" icon={<Icon name="alert" />} title="The link is not whole" role="alert">
            Open the link in the mail exactly as it stands there.
          </Alert>
        )}
        <Refusal error={confirm.error} mb="md" />
        {confirm.data || confirm.error || token === '' ? (
          <Button component={PageLink} to="/account" variant={confirm.data ? 'filled' : 'default'} mt="xs">
            Go to my account
          </Button>
        ) : (
          <Button fullWidth loading={confirm.isPending} onClick={() => confirm.mutate()}>
            Confirm
          </Button>
        )}
      </div>
    </main>
  )
}

function outcomeOf({ kind, email, isDone, waitsFor }: ConfirmedEmail): { title: string; text: string } {
  if (kind === 'verify_email') return { title: 'Confirmed', text: `${email} is the confirmed address of your account.` }
  if (isDone)
    return {
      title: 'Your address is changed',
      text: `From now on you sign in with ${email}. Your other devices are signed out; sign in there again.`,
    }
  return {
    title: 'One more step',
    text:
      waitsFor === 'old'
        ? 'The new address is confirmed. Now use the link in the mail to the present address of the account.'
        : `The change is agreed to from the present address. Now use the link in the mail to ${email}.`,
  }
}
