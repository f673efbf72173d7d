type Paint = (text: string) => string

/** The few colours of the output, so that what renders needs no colour library. */
export interface Palette {
  title: Paint
  create: Paint
  update: Paint
  remove: Paint
  good: Paint
  warn: Paint
  bad: Paint
  dim: Paint
}

const same: Paint = (text) => text

/** For pipes and files. */
export const plainPalette: Palette = {
  title: same,
  create: same,
  update: same,
  remove: same,
  good: same,
  warn: same,
  bad: same,
  dim: same,
}

/** Loads the colour library only where there are colours. */
export async function createPalette(color: boolean): Promise<Palette> {
  if (!color) return plainPalette
  const { Chalk } = await import('chalk')
  // The sixteen basic colours: every terminal shows them in its own, readable, taste.
  const chalk = new Chalk({ level: 1 })
  return {
    title: chalk.bold,
    create: chalk.green,
    update: chalk.yellow,
    remove: chalk.red,
    good: chalk.green,
    warn: chalk.yellow,
    bad: chalk.red,
    dim: chalk.dim,
  }
}
