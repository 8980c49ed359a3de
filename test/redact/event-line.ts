/** A line of a log, with what it has of these keys in place of the usual. */
export function eventLine(payload: unknown, rest: Record<string, unknown> = {}): string {
  return JSON.stringify({
    event_type: 'user.created',
    payload,
    timestamp: 1760000000.125,
    event_id: 'abcdefghijklmnopqrstuvw',
    source: 'svc',
    correlation_id: null,
    ...rest,
  });
}
