import { type ContractCheck, EVERY_KIND } from './check.js'
import { failed, ok, type Session, skipped, type Verdict } from './session.js'

/** Shorter ones would be found by chance. */
const MIN_SECRET_LENGTH = 6

/** Judges everything that was said while the checks before it ran, so it comes last. */
export const SECRET_CHECK: ContractCheck = {
  id: 'secret-leaked',
  title: 'no secret of the section appears in answers, errors or logs',
  kinds: EVERY_KIND,
  writes: false,
  run: (session) => Promise.resolve(judge(session)),
}

function judge(session: Session): Verdict {
  const secrets = session.harness.secrets.filter((secret) => secret.length >= MIN_SECRET_LENGTH)
  if (secrets.length === 0) return skipped('the section holds no secret')
  return secrets.some((secret) => session.heard(secret)) ? failed('a secret was said') : ok
}
