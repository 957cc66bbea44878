import { Checkbox, Modal, MultiSelect, NativeSelect, Radio, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { FormFoot, Problem, Refusal, request, SecretDialog, useSession } from '#platform/console'
import {
  type Client,
  deviceGrant,
  grantWords,
  methodWords,
  type NewClient,
  type Owner,
  scopeChoices,
  scopesQuery,
  serviceAccountsQuery,
} from './own-clients.ts'

/** What a new client usually is; each can be changed in its parts afterwards. */
const kinds = [
  {
    value: 'web',
    label: 'A web application with a server',
    description: 'It keeps a secret, and sends people here to sign in.',
    type: 'confidential',
    grantTypes: ['authorization_code', 'refresh_token'],
  },
  {
    value: 'device',
    label: 'An application in people’s hands',
    description: 'On a phone or a desktop, or a page in the browser alone: it can keep no secret.',
    type: 'public',
    grantTypes: ['authorization_code', 'refresh_token'],
  },
  {
    value: 'input',
    label: 'A device without a browser',
    description: 'A command line, a television: people type a code elsewhere.',
    type: 'public',
    grantTypes: [deviceGrant, 'refresh_token'],
  },
  {
    value: 'service',
    label: 'A program that works by itself',
    description: 'Without a person, as a service account of this workspace.',
    type: 'confidential',
    grantTypes: ['client_credentials'],
  },
] as const

type FormProps = { owner: Owner; client?: Client; etag?: string | undefined; close: () => void }

/** Makes an application and shows its secret once, or changes one. */
export function ClientForm({ owner, client, etag, close }: FormProps) {
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { can } = useSession()
  const [made, setMade] = useState<NewClient>()
  const form = useForm({
    initialValues: {
      kind: 'web' as string,
      name: client?.name ?? '',
      description: client?.description ?? '',
      website: client?.website ?? '',
      grantTypes: [...(client?.grantTypes ?? [])] as string[],
      redirectUris: client?.redirectUris.join('\n') ?? '',
      postLogoutRedirectUris: client?.postLogoutRedirectUris.join('\n') ?? '',
      scopes: [...(client?.scopes ?? ['openid', 'profile', 'email'])],
      method: (client?.tokenEndpointAuthMethod ?? 'client_secret_basic') as string,
      keys: client?.jwksUri ?? (client?.jwks ? JSON.stringify(client.jwks, null, 2) : ''),
      serviceAccountId: client?.serviceAccountId ?? '',
      backchannelLogoutUri: client?.backchannelLogoutUri ?? '',
      requirePushed: client?.requirePushedAuthorizationRequests ?? false,
    },
    validate: {
      name: value => (value.trim() ? null : 'Give it the name that people will be asked about.'),
      redirectUris: (value, values) =>
        linesOf(value).length > 0 || !grantsOf(values).includes('authorization_code')
          ? null
          : 'Say where people are sent back to.',
      serviceAccountId: (value, values) =>
        value || !grantsOf(values).includes('client_credentials') ? null : 'Choose as whom it acts.',
      grantTypes: value => (client && value.length === 0 ? 'Choose at least one.' : null),
      keys: (value, { method }) => (method !== 'private_key_jwt' || value.trim() ? null : 'Name its public keys.'),
    },
  })
  const { values } = form
  const kind = kinds.find(({ value }) => value === values.kind) ?? kinds[0]
  const type = client?.type ?? kind.type
  const grantsOf = (of: { kind: string; grantTypes: string[] }): readonly string[] =>
    client ? of.grantTypes : (kinds.find(({ value }) => value === of.kind)?.grantTypes ?? [])
  const grants = grantsOf(values)
  // An operator's client gives nobody more than he has himself: it may ask for anything.
  const scopes = useQuery(scopesQuery)
  const askable = (scopes.data?.items ?? [])
    .filter(({ isHeld }) => isHeld || owner.isInstallation)
    .map(({ name }) => name)
  const services = useQuery({
    ...serviceAccountsQuery,
    enabled: can('access.service_accounts.read') && !owner.isInstallation,
  })

  const saving = useMutation({
    mutationFn: (wanted: typeof values) => {
      const method = type === 'public' ? 'none' : wanted.method
      const keys = method === 'private_key_jwt' ? keysOf(wanted.keys) : { jwks: null, jwksUri: null }
      const body = {
        ...(!client && { type }),
        name: wanted.name.trim(),
        description: wanted.description.trim() || null,
        website: wanted.website.trim() || null,
        grantTypes: grantsOf(wanted),
        redirectUris: grantsOf(wanted).includes('authorization_code') ? linesOf(wanted.redirectUris) : [],
        postLogoutRedirectUris: linesOf(wanted.postLogoutRedirectUris),
        scopes: wanted.scopes,
        tokenEndpointAuthMethod: method,
        ...keys,
        serviceAccountId: grantsOf(wanted).includes('client_credentials') ? wanted.serviceAccountId || null : null,
        backchannelLogoutUri: wanted.backchannelLogoutUri.trim() || null,
        requirePushedAuthorizationRequests: wanted.requirePushed,
      }
      return client
        ? request<Client>(`${owner.api}/${client.id}`, { method: 'PATCH', body, ...(etag && { ifMatch: etag }) })
        : request<NewClient>(owner.api, { method: 'POST', body })
    },
    onSuccess: async saved => {
      await queries.invalidateQueries({ queryKey: ['oauth-clients'] })
      if (!client) {
        const { secret } = saved as NewClient
        if (secret !== null) return setMade(saved as NewClient)
        return await navigate({ to: `${owner.page}/${saved.id}` })
      }
      close()
      notifications.show({ message: 'The application is changed.' })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      const field = fieldsOfCodes[error.code]
      form.setErrors(field ? { [field]: error.message } : { ...error.fields })
    },
  })
  if (made) {
    const leave = () => void navigate({ to: `${owner.page}/${made.id}` })
    return <SecretShown name={made.name} secret={made.secret ?? ''} close={leave} />
  }
  const showTheirs = () => {
    void queries.invalidateQueries({ queryKey: ['oauth-clients'] })
    close()
  }
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={client ? 'Change the application' : 'New application'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(wanted => saving.mutate(wanted))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Name"
            description="People see it when they are asked whether it may act for them."
            maxLength={100}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('name')}
          />
          {!client && (
            <Radio.Group label="What it is" {...form.getInputProps('kind')}>
              <Stack gap="xs" mt="xs">
                {kinds
                  .filter(({ value }) => value !== 'service' || !owner.isInstallation)
                  .map(({ value, label, description }) => (
                    <Radio key={value} value={value} label={label} description={description} />
                  ))}
              </Stack>
            </Radio.Group>
          )}
          {client && (
            <Checkbox.Group label="How it gets a token" {...form.getInputProps('grantTypes')}>
              <Stack gap="xs" mt="xs">
                {Object.entries(grantWords)
                  .filter(([value]) => value !== 'client_credentials' || (type !== 'public' && !owner.isInstallation))
                  .map(([value, label]) => (
                    <Checkbox key={value} value={value} label={label} />
                  ))}
              </Stack>
            </Checkbox.Group>
          )}
          {grants.includes('authorization_code') && (
            <Textarea
              label="Addresses to which people are sent back"
              description={
                type === 'public'
                  ? 'One a line: https://, http:// at 127.0.0.1 or localhost, or a scheme like com.example.app:/. Compared letter by letter.'
                  : 'One a line: https://, while you build it also http://localhost. Compared letter by letter.'
              }
              autosize
              minRows={2}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('redirectUris')}
            />
          )}
          {grants.includes('client_credentials') && (
            <NativeSelect
              label="It acts as"
              description="A service account with roles of its own (page API keys). You must hold all that it may."
              data={[
                { value: '', label: services.isPending ? 'Loading…' : 'Choose a service account' },
                ...(services.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
              ]}
              {...form.getInputProps('serviceAccountId')}
            />
          )}
          <MultiSelect
            label="What it may ask for at most"
            description={`${grants.includes('client_credentials') ? 'What the roles of the service account do not permit, no scope permits.' : 'Each person is asked, and gives at most what he may himself.'} A family such as contractors.* takes in what is added to it later.`}
            data={scopeChoices(askable, values.scopes)}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': 'Remove all scopes' }}
            nothingFoundMessage="No scope of this name"
            comboboxProps={{ withinPortal: true }}
            maxDropdownHeight={240}
            {...form.getInputProps('scopes')}
          />
          {type === 'confidential' && (
            <NativeSelect
              label="It shows who it is by"
              data={Object.entries(methodWords)
                .filter(([value]) => value !== 'none')
                .map(([value, label]) => ({ value, label }))}
              {...form.getInputProps('method')}
            />
          )}
          {type === 'confidential' && values.method === 'private_key_jwt' && (
            <Textarea
              label="Its public keys"
              description="An https:// address where they are (jwks_uri), or the JSON Web Key Set itself. Never a private key."
              autosize
              minRows={2}
              maxRows={10}
              spellCheck={false}
              {...form.getInputProps('keys')}
            />
          )}
          {client && (
            <>
              <TextInput
                label="Website"
                type="url"
                inputMode="url"
                maxLength={2000}
                {...form.getInputProps('website')}
              />
              <Textarea
                label="What it is for"
                maxLength={500}
                autosize
                minRows={1}
                {...form.getInputProps('description')}
              />
              <Textarea
                label="Addresses after a sign-out"
                description="One a line, where people may be sent when they signed out from it."
                autosize
                minRows={1}
                spellCheck={false}
                {...form.getInputProps('postLogoutRedirectUris')}
              />
              <TextInput
                label="Address to tell of sign-outs"
                description="It is told at once when somebody signs out here (OpenID Connect Back-Channel Logout)."
                type="url"
                inputMode="url"
                maxLength={2000}
                {...form.getInputProps('backchannelLogoutUri')}
              />
              <Checkbox
                label="It must say beforehand what it asks for (pushed authorization requests)"
                {...form.getInputProps('requirePushed', { type: 'checkbox' })}
              />
            </>
          )}
          <Refusal error={Object.keys(form.errors).length > 0 ? null : saving.error} {...(client && { showTheirs })} />
          <FormFoot close={close} isPending={saving.isPending}>
            {client ? 'Save' : 'Make it'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

const fieldsOfCodes: Readonly<Record<string, string>> = {
  'oauth.redirect_uri_invalid': 'redirectUris',
  'oauth.keys_invalid': 'keys',
  'oauth.grant_types_unfit': 'grantTypes',
  'access.scope_unknown': 'scopes',
  'access.grant_exceeded': 'scopes',
}

const linesOf = (text: string) => [
  ...new Set(
    text
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean),
  ),
]

function keysOf(text: string): { jwks: unknown; jwksUri: string | null } {
  if (!text.trim().startsWith('{')) return { jwks: null, jwksUri: text.trim() }
  try {
    return { jwks: JSON.parse(text), jwksUri: null }
  } catch {
    throw new Problem(400, 'oauth.keys_invalid', 'This is no JSON. Paste the key set as it is, or its address.')
  }
}

/** A client secret as it is shown this once. */
export function SecretShown({ name, secret, close }: { name: string; secret: string; close: () => void }) {
  return (
    <SecretDialog title={`The secret of “${name}”`} label="Client secret" secret={secret} close={close}>
      Put it where the application keeps its secrets, never into a page or an app that people can open. It is not shown
      again.
    </SecretDialog>
  )
}
