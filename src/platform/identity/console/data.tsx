import { AccountFrame } from './account-frame.tsx'

export function Page() {
  return <AccountFrame>{null}</AccountFrame>
}
