/** Environment in which the program (but not the daemons) takes it to be so many days later. */
export function daysLater(days: number): { NODE_OPTIONS: string } {
  const code = `const now=Date.now;Date.now=()=>now()+${days}*864e5`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}

/** Environment in which the clock of the program (but not of the daemons) was set back by so many days. */
export function setBack(days: number): { NODE_OPTIONS: string } {
  const now = `D.now()-${days}*864e5`;
  const code = `const D=Date;globalThis.Date=class Date extends D{constructor(...a){a.length?super(...a):super(${now})}static now(){return ${now}}}`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
