import type { ProviderFeed } from '../core/feeds.js'
import type { Answer } from '../sdk/answer.js'
import type { Problem } from '../sdk/errors.js'

type Redact = (text: string) => string

/** What an extension says of a failure is kept in the store, where it would outlive the secret that is taken out of it. */
export function problemWithoutSecrets(problem: Problem, redact: Redact): Problem {
  return {
    ...problem,
    message: redact(problem.message),
    ...(problem.hint !== undefined && { hint: redact(problem.hint) }),
  }
}

/** The same for an answer; the rest of it is the service, which the core keeps as it knows it. */
export function answerWithoutSecrets(answer: Answer, redact: Redact): Answer {
  return {
    ...answer,
    ...(answer.error !== undefined && { error: redact(answer.error) }),
    ...(answer.problem && { problem: problemWithoutSecrets(answer.problem, redact) }),
  }
}

/** The same for what a provider says of its services. */
export function feedWithoutSecrets(feed: ProviderFeed, redact: Redact): ProviderFeed {
  return {
    ...feed,
    async take(request) {
      const news = await feed.take(request)
      return {
        ...news,
        listed: news.listed.map((one) =>
          one.problem ? { ...one, problem: problemWithoutSecrets(one.problem, redact) } : one,
        ),
      }
    },
  }
}
