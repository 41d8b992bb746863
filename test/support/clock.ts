/** Environment in which the program (but not the daemons) takes it to be so many days later. */
export function daysLater(days: number): { NODE_OPTIONS: string } {
  const code = `const now=Date.now;Date.now=()=>now()+${days}*864e5`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
