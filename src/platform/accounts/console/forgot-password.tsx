import { Alert, Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery } from '@tanstack/react-query'
import { entranceQuery, Icon, oneOf, PageLink, Problem, request, type Search, useAddress } from '#platform/console'
import { Entrance, MailboxHint, Refusal } from './entrance.tsx'

const readSearch = (search: Search) => ({ email: oneOf(search.email) })

/** Where one asks for a link for a new password. The answer is the same whether or not there is an account. */
export function Page() {
  const [{ email }] = useAddress(readSearch)
  const entrance = useQuery(entranceQuery)
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { email },
    validate: { email: value => (value.includes('@') ? null : 'Enter your e-mail address.') },
  })
  const ask = useMutation({
    mutationFn: (body: typeof form.values) => request('/auth/forgot-password', { method: 'POST', body }),
    onError: error => {
      if (!(error instanceof Problem)) return
      if (error.code === 'identity.email_invalid') form.setErrors({ email: error.message })
      else form.setErrors(error.fields)
    },
  })
  const isAboutField = ask.error instanceof Problem && ask.error.code === 'identity.email_invalid'

  return (
    <Entrance
      title="Forgot your password?"
      lead="We send you a link by which you choose a new one."
      other={
        <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
          Back to sign-in
        </Anchor>
      }
    >
      {ask.isSuccess ? (
        <Stack gap="md">
          <Alert variant="light" icon={<Icon name="mail" />} title="Check your mail" role="status">
            If <b>{ask.variables.email.trim()}</b> has an account, a mail with a link is on its way. The link works
            once, for 30 minutes.
          </Alert>
          {entrance.data?.mailbox === true && <MailboxHint email={ask.variables.email} />}
          <Text size="sm" c="dimmed">
            Nothing there after a few minutes? Look in the spam folder, and check the address: nothing is sent to one
            that no account has.
          </Text>
          <Button variant="default" onClick={() => ask.reset()}>
            Ask again
          </Button>
        </Stack>
      ) : (
        <>
          <Refusal error={isAboutField ? undefined : ask.error} />
          <form onSubmit={form.onSubmit(values => ask.mutate(values))} noValidate>
            <Stack gap="sm">
              <TextInput
                label="E-mail"
                type="email"
                autoComplete="username"
                inputMode="email"
                errorProps={{ role: 'alert' }}
                key={form.key('email')}
                {...form.getInputProps('email')}
              />
              <Button type="submit" loading={ask.isPending} mt="xs">
                Send the link
              </Button>
            </Stack>
          </form>
        </>
      )}
    </Entrance>
  )
}
