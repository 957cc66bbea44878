export function Page() {
  return <p>audit</p>
}
