import { Drawer, type DrawerProps } from '@mantine/core'

export function Sheet(props: DrawerProps) {
  return <Drawer {...props} />
}
