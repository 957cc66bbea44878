import { Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { FormFoot, Problem, Refusal, request } from '#platform/console'
import { type IdentityProvider, typeNames } from './own-providers.ts'

type Type = IdentityProvider['type']

/** What tells a product's customers apart; the issuer is made of it. */
const hints: Record<Type, { label: string; description: string; placeholder: string } | undefined> = {
  okta: { label: 'Okta domain', description: 'As in the address of your Okta.', placeholder: 'acme.okta.com' },
  azure: {
    label: 'Directory (tenant) id',
    description: 'On the overview page of Entra ID. Not “common”: that stands for everybody’s directory.',
    placeholder: '6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f1',
  },
  auth0: { label: 'Auth0 domain', description: 'Of your Auth0 tenant.', placeholder: 'acme.eu.auth0.com' },
  google: undefined,
  custom_oidc: undefined,
}

/** The first step: whose product it is and where. The next ones are on the provider's page. */
export function NewProviderForm({ close }: { close: () => void }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const form = useForm({
    initialValues: { type: 'okta' as Type, name: '', domain: '', issuer: '' },
    validate: {
      name: value => (value.trim() ? null : 'Enter a name.'),
      domain: (value, { type, issuer }) => (!hints[type] || value.trim() || issuer.trim() ? null : 'Enter it.'),
      issuer: (value, { type }) =>
        type !== 'custom_oidc' || /^https?:\/\/./.test(value.trim())
          ? null
          : 'Enter an address that begins with https://',
    },
  })
  const making = useMutation({
    mutationFn: ({ type, name, domain, issuer }: typeof form.values) =>
      request<IdentityProvider>('/federation/providers', {
        method: 'POST',
        body: {
          type,
          name: name.trim(),
          ...(hints[type] && domain.trim() && { domain: domain.trim() }),
          ...(issuer.trim() && { issuer: issuer.trim() }),
        },
      }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['federation'] })
      await navigate({ to: '/identity-providers/$id', params: { id } })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      const field = {
        'federation.provider_name_taken': 'name',
        'federation.issuer_invalid': hints[form.values.type] ? 'domain' : 'issuer',
      }[error.code]
      form.setErrors(field ? { [field]: error.message } : { ...error.fields })
    },
  })
  const hint = hints[form.values.type]
  const isAboutField = Object.keys(form.errors).length > 0
  return (
    <Modal opened onClose={close} title="New identity provider" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={form.onSubmit(values => making.mutate(values))} noValidate>
        <Stack gap="md">
          <NativeSelect
            label="Product"
            data={Object.entries(typeNames).map(([value, label]) => ({ value, label }))}
            data-autofocus
            {...form.getInputProps('type')}
          />
          <TextInput
            label="Name"
            description="As your people call it: the sign-in page says “Continue with …”."
            placeholder="Acme’s Okta"
            maxLength={100}
            {...form.getInputProps('name')}
          />
          {hint && <TextInput {...hint} maxLength={253} autoComplete="off" {...form.getInputProps('domain')} />}
          {form.values.type !== 'google' && (
            <TextInput
              label={hint ? 'Issuer, where it is another' : 'Issuer or discovery address'}
              description={
                hint
                  ? 'For a custom domain, or an authorization server of your own.'
                  : 'As its documentation names it; with or without /.well-known/openid-configuration.'
              }
              placeholder="https://"
              type="url"
              maxLength={600}
              autoComplete="off"
              {...form.getInputProps('issuer')}
            />
          )}
          <Refusal error={isAboutField ? null : making.error} />
          <FormFoot close={close} isPending={making.isPending}>
            Go on
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}
