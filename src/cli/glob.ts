/** Matches a service key against `*` (anything but a slash), `**` (anything) and `?`; a bare name matches any provider. */
export function keyMatcher(glob: string): (key: string) => boolean {
  const pattern = glob.includes('/') ? glob : `**/${glob}`
  const source = pattern.replace(/\*\*|\*|\?|[^*?]+/g, (part) => {
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  })
  const matcher = new RegExp(`^${source}$`)
  return (key) => matcher.test(key)
}
