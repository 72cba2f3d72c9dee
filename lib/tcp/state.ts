/**
 * The states of a connection.
 *
 * LISTEN has no connection yet: a flow that asks to be accepted is a
 * {@link ./request.ts | request}. TIME-WAIT and CLOSED are as in the RFC.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.3.2 | RFC 9293 §3.3.2}
 * @module
 */

/** The states of RFC 9293 §3.3.2 that a connection can be in. */
export const State = {
  Closed: 0,
  SynSent: 1,
  SynReceived: 2,
  Established: 3,
  FinWait1: 4,
  FinWait2: 5,
  CloseWait: 6,
  Closing: 7,
  LastAck: 8,
  TimeWait: 9,
} as const;
/** One of the states in {@linkcode State}. */
export type State = typeof State[keyof typeof State];

/** The successors of each state: the arrows of RFC 9293, figure 5, and an abort from each. */
const SUCCESSORS: Record<State, readonly State[]> = {
  [State.Closed]: [State.SynSent, State.SynReceived],
  [State.SynSent]: [State.SynReceived, State.Established, State.Closed],
  [State.SynReceived]: [State.Established, State.Closed],
  [State.Established]: [State.FinWait1, State.CloseWait, State.Closed],
  [State.FinWait1]: [State.FinWait2, State.Closing, State.Closed],
  [State.FinWait2]: [State.TimeWait, State.Closed],
  [State.CloseWait]: [State.LastAck, State.Closed],
  [State.Closing]: [State.TimeWait, State.Closed],
  [State.LastAck]: [State.Closed],
  [State.TimeWait]: [State.Closed],
};

/** Whether there is an arrow from `from` to `to`. */
export function isSuccessor(from: State, to: State): boolean {
  return SUCCESSORS[from].includes(to);
}

/** The RFC's name of a state, such as `FIN-WAIT-1`. */
export function stateName(state: State): string {
  const [name = ""] = Object.entries(State).find(([, value]) => value === state) ?? [];
  return name.replace(/(?<=[a-z])(?=[A-Z0-9])/g, "-").toUpperCase();
}
