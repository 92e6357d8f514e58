import type { Problem } from './types'

/** The server answered and said no, or failed and said so. */
export class ApiError extends Error {
  readonly problem: Problem
  readonly retryAfterS: number | null

  constructor(problem: Problem, retryAfterS: number | null = null) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
    this.problem = problem
    this.retryAfterS = retryAfterS
  }

  get code(): string {
    return this.problem.code
  }

  get status(): number {
    return this.problem.status
  }
}

/** No answer came: whether the command was carried out is unknown. Ask again under the same key. */
export class NoAnswerError extends Error {
  constructor(cause: unknown) {
    super('no answer from the server', { cause })
    this.name = 'NoAnswerError'
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'status' in value
}

/** Turns whatever came with an error status into an `ApiError`, a proxy's bare page included. */
export function toApiError(body: unknown, response: Response): ApiError {
  const retryAfter = Number(response.headers.get('retry-after'))
  const retryAfterS = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null
  if (isProblem(body)) return new ApiError(body, retryAfterS)
  return new ApiError(
    {
      type: 'about:blank',
      title: response.statusText,
      status: response.status,
      detail: '',
      code: response.status === 503 ? 'unavailable' : 'unknown',
      request_id: response.headers.get('x-request-id') ?? '',
    },
    retryAfterS,
  )
}
