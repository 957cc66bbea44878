import { Alert, Anchor, Button, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { Icon, oneOf, PageLink, Problem, request, type Search, useAddress } from '#platform/console'
import { Entrance, Refusal } from './entrance.tsx'

const readSearch = (search: Search) => ({ email: oneOf(search.email) })

/** Where one asks for a link for a new password. The answer is the same whether or not there is an account. */
export function Page() {
  const [{ email }] = useAddress(readSearch)
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
      lead="Choose a new one by a link that we send to you."
      other={
        <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
          Back to sign in
        </Anchor>
      }
    >
      {ask.isSuccess ? (
        <Stack gap="md">
          <Alert variant="light" icon={<Icon name="mail" />} title="Look into your mailbox" role="status">
            If <b>{ask.variables.email.trim()}</b> has an account, a mail with a link is on its way. The link works
            once, for 30 minutes.
          </Alert>
          <Text size="sm" c="dimmed">
            Nothing there after a few minutes? Look among unwanted mail, and check the address. An account without this
            address gets none.
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
