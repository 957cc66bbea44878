export function TwoFactorCard() {
  return null
}
