// The table of configuration keys in README.md.

/** One table per section, in the order of the rows. */
export function configReference(rows) {
  const sections = [...new Set(rows.map(({ section }) => section))]
  return sections
    .map((section) => {
      const own = rows.filter((row) => row.section === section)
      return [
        `### ${section}`,
        '',
        '| key | type | default | meaning |',
        '|---|---|---|---|',
        ...own.map(line),
      ].join('\n')
    })
    .join('\n\n')
}

function line({ key, type, default: value, isRequired, description }) {
  const shown = isRequired ? '(required)' : value === undefined || value === '' ? '' : `\`${value}\``
  return `| \`${key}\` | ${type} | ${shown} | ${description} |`
}
