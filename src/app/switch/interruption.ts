import { EboxmailError, EXIT } from '../../core/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Somebody pressed Ctrl-C, or the machine goes down, in the middle of something that must not stay half done. */
export class Interrupted extends EboxmailError {
  constructor() {
    super(EXIT.cancelled, 'interrupted');
  }
}

/** While `untilAWayOut` runs. */
let heldOff = false;

/**
 * Before anything was put in place, who interrupts the program ends it at once, and what it was preparing goes.
 * @returns what ends this
 */
export function clearWhenInterrupted(clear: () => void): () => void {
  const stop = (): void => SIGNALS.forEach((signal) => process.off(signal, end));
  const end = (signal: NodeJS.Signals): void => {
    if (heldOff) return;
    stop();
    try {
      clear();
    } finally {
      process.kill(process.pid, signal);
    }
  };
  for (const signal of SIGNALS) process.on(signal, end);
  return stop;
}

/**
 * While this runs, who interrupts the program does not end it at once.
 * @param work is given what throws Interrupted when somebody has; to be called wherever there is a way back
 * @param say called once when somebody does
 */
export async function untilAWayOut<T>(work: (check: () => void) => Promise<T>, say: () => void): Promise<T> {
  let interrupted = false;
  const note = (): void => {
    if (!interrupted) say();
    interrupted = true;
  };
  for (const signal of SIGNALS) process.on(signal, note);
  heldOff = true;
  try {
    return await work(() => {
      if (interrupted) throw new Interrupted();
    });
  } finally {
    heldOff = false;
    for (const signal of SIGNALS) process.off(signal, note);
  }
}
