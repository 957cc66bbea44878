import { Card, Text, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

/** One thing that is set: what it is, a sentence about it, and the fields. */
export function SettingCard({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <Card withBorder component="section" aria-labelledby={id} style={{ overflow: 'visible' }}>
      <Title order={2} size="h4" id={id}>
        {title}
      </Title>
      {lead && (
        <Text c="dimmed" size="sm" mt={4} component="div">
          {lead}
        </Text>
      )}
      <div style={{ marginTop: 14 }}>{children}</div>
    </Card>
  )
}
