import { Checkbox, Modal, Radio, Skeleton, Stack, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { FormFoot, Problem, Refusal, request, SecretDialog } from '#platform/console'
import { type Endpoint, eventTypesQuery, type NewEndpoint } from './own-webhooks.ts'
import classes from './webhooks.module.css'

/** Makes a webhook and shows its secret once, or changes one. */
export function WebhookForm({ endpoint, close }: { endpoint?: Endpoint; close: () => void }) {
  const client = useQueryClient()
  const types = useQuery(eventTypesQuery)
  const [made, setMade] = useState<NewEndpoint>()
  const form = useForm({
    initialValues: {
      url: endpoint?.url ?? 'https://',
      description: endpoint?.description ?? '',
      reach: !endpoint || endpoint.eventTypes.includes('*') ? 'all' : 'some',
      eventTypes: endpoint?.eventTypes.filter(type => type !== '*') ?? [],
    },
    validate: {
      url: value => (/^https?:\/\/./.test(value.trim()) ? null : 'Enter an address that begins with https://'),
      eventTypes: (value, { reach }) => (reach === 'all' || value.length > 0 ? null : 'Choose at least one event.'),
    },
  })
  const saving = useMutation({
    mutationFn: ({ url, description, reach, eventTypes }: typeof form.values) =>
      request<Endpoint | NewEndpoint>(endpoint ? `/webhooks/${endpoint.id}` : '/webhooks', {
        method: endpoint ? 'PATCH' : 'POST',
        body: {
          url: url.trim(),
          description: description.trim() || null,
          eventTypes: reach === 'all' ? ['*'] : eventTypes,
        },
      }),
    onSuccess: async saved => {
      await client.invalidateQueries({ queryKey: ['webhooks'] })
      if ('secret' in saved) return setMade(saved)
      close()
      notifications.show({ message: 'The webhook is changed.' })
    },
    onError: error => {
      if (!(error instanceof Problem)) return
      form.setErrors(error.code === 'webhooks.url_invalid' ? { url: error.message } : { ...error.fields })
    },
  })
  if (made) return <SecretShown made={made} close={close} />
  const isAboutField = Object.keys(form.errors).length > 0
  return (
    <Modal
      opened
      onClose={close}
      title={endpoint ? 'Change the webhook' : 'New webhook'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit(values => saving.mutate(values))} noValidate>
        <Stack gap="md">
          <TextInput
            label="Address"
            description="On the public internet. It answers each POST with 2xx within 15 seconds."
            type="url"
            inputMode="url"
            autoComplete="off"
            maxLength={2000}
            data-autofocus
            {...form.getInputProps('url')}
          />
          <Textarea
            label="What it is for"
            maxLength={500}
            autosize
            minRows={1}
            {...form.getInputProps('description')}
          />
          <Radio.Group label="What it is told of" {...form.getInputProps('reach')}>
            <Stack gap="xs" mt="xs">
              <Radio value="all" label="Everything, also what is added later" />
              <Radio value="some" label="Only what is chosen here" />
            </Stack>
          </Radio.Group>
          {form.values.reach === 'some' &&
            (types.isPending ? (
              <Skeleton height={120} aria-label="Loading the events" />
            ) : (
              <Checkbox.Group label="Events" {...form.getInputProps('eventTypes')}>
                <div className={classes.types}>
                  {types.data?.items.map(({ type, description }) => (
                    <Checkbox key={type} value={type} label={type} description={description} />
                  ))}
                </div>
              </Checkbox.Group>
            ))}
          <Refusal error={(isAboutField ? null : saving.error) ?? types.error} />
          <FormFoot close={close} isPending={saving.isPending}>
            {endpoint ? 'Save' : 'Make it'}
          </FormFoot>
        </Stack>
      </form>
    </Modal>
  )
}

/** A signing secret as it is shown this once. */
export function SecretShown({ made, close }: { made: NewEndpoint; close: () => void }) {
  return (
    <SecretDialog title="The signing secret" label="Signing secret" secret={made.secret} close={close}>
      Put it where your system verifies the signatures (any library for Standard Webhooks does it). It is not shown
      again.
    </SecretDialog>
  )
}
