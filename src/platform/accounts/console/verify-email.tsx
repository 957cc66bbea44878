import { Alert, Anchor, Button, PasswordInput, Stack, Text } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { Icon, openSession, PageLink, Problem, type SignInStep, useLinkToken } from '#platform/console'
import { Entrance, Refusal } from './entrance.tsx'
import { StepForm } from './step-form.tsx'

/** The link of the mail that follows a sign-up. */
export function Page() {
  const token = useLinkToken()
  const [step, setStep] = useState<SignInStep>()
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { password: '' },
    validate: { password: value => (value ? null : 'Enter the password that you chose.') },
  })
  const confirm = useMutation({
    mutationFn: ({ password }: { password: string }) => openSession('/auth/verify-sign-up', { token, password }),
    // Loads the page anew: somebody else may have been signed in here until now.
    onSuccess: step => (step ? setStep(step) : window.location.assign('/')),
    onError: error =>
      error instanceof Problem &&
      error.code === 'accounts.sign_up_password_wrong' &&
      form.setErrors({ password: error.message }),
  })
  const isAboutPassword = Object.keys(form.errors).length > 0
  return (
    <Entrance
      title="Confirm your address"
      lead="Almost done: the account is made with this step."
      other={
        <>
          Done already?{' '}
          <Anchor component={PageLink} to="/sign-in" size="sm" underline="always">
            Sign in
          </Anchor>
        </>
      }
    >
      {step ? (
        <StepForm step={step} next="/" />
      ) : token === '' ? (
        <Alert color="red" variant="light" icon={<Icon name="alert" />} title="The link is not whole" role="alert">
          Open the link in the mail exactly as it stands there.
        </Alert>
      ) : (
        <form onSubmit={form.onSubmit(values => confirm.mutate(values))} noValidate>
          <Refusal error={isAboutPassword ? undefined : confirm.error} />
          <Stack gap="sm">
            <PasswordInput
              label="Password"
              description="The one that you chose when you signed up. It shows that it was you."
              autoComplete="current-password"
              visibilityToggleButtonProps={{ 'aria-label': 'Show the password', tabIndex: 0 }}
              key={form.key('password')}
              {...form.getInputProps('password')}
            />
            <Button type="submit" loading={confirm.isPending} mt="xs">
              Confirm and sign in
            </Button>
            <Text size="xs" c="dimmed">
              You did not sign up? Then close this page: without the password no account is made.
            </Text>
          </Stack>
        </form>
      )}
    </Entrance>
  )
}
