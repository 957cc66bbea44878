export function Page() {
  return <p>contractor</p>
}
